import { approveAmendment } from '#domain/commitment/approve-amendment.ts';
import { approveTarget } from '#domain/commitment/approve-target.ts';
import { declineCompletion } from '#domain/commitment/decline-completion.ts';
import { leaveCommitment } from '#domain/commitment/leave.ts';
import { proposeAmendment } from '#domain/commitment/propose-amendment.ts';
import { proposeTarget } from '#domain/commitment/propose-target.ts';
import { publishProgress } from '#domain/commitment/publish-progress.ts';
import { registerCommitment } from '#domain/commitment/register.ts';
import { resumeCommitment } from '#domain/commitment/resume.ts';
import { retractProgress } from '#domain/commitment/retract-progress.ts';
import { submitProgress } from '#domain/commitment/submit-progress.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import { withdrawCommitment } from '#domain/commitment/withdraw.ts';
import { by, logOf, the, type Step } from '#testing/given.ts';
import {
  active,
  amendmentProposed,
  catalogue,
  citiesTarget,
  claimed,
  closed,
  content,
  correctionSubmitted,
  everything,
  fullContent,
  joined,
  number,
  observation,
  progress,
  progressPublished,
  registered,
  reviewer,
  submitted,
  superseded,
  suspended,
  targetApproved,
  text,
  undesa,
  undp,
  withdrawn,
} from '#testing/scenes.ts';
import { commitments } from './commitments.ts';
import { folded, rowAfter, rowsAfter } from './folded.fixture.ts';

const id = the('commitment');

test('a draft is not public', () => {
  expect(rowsAfter(commitments, submitted)).toEqual([]);
});

test('a registered commitment has a row', () => {
  const { reliance } = logOf(registered).at(-1)!.data as { reliance: object };
  expect(rowAfter(commitments, registered)).toEqual({
    id,
    revision: 2,
    title: text('E-Government Survey 2022'),
    titleText: 'E-Government Survey 2022',
    description: text('Publish the 12th edition and assess more cities'),
    search: 'e-government survey 2022\npublish the 12th edition and assess more cities',
    kind: 'programmatic',
    status: 'registered',
    lead: 'UNDESA',
    partners: [],
    actionLines: ['C7-eGov'],
    sdgs: [],
    countries: [],
    startOn: '2021-01-01',
    dueOn: '2022-12-31',
    pledged: [],
    partOf: null,
    reportingIntervalDays: 365,
    content: fullContent(),
    contentVersion: 1,
    reliance,
    selfDeclared: null,
    endedOn: null,
    outcome: null,
    supersededBy: null,
    registeredAt: '2023-06-01T12:00:00.000Z',
    lastUpdateOn: null,
    overdueFrom: '2023-01-01',
    overdueUntil: null,
    paceFrom: [],
    pace: [],
    targets: {},
    reports: [],
    updatedAt: '2023-06-01T12:00:00.000Z',
    updatedPosition: expect.any(Number),
  });
});

test('beneficiaries, goals, pledges and the whole it is a part of are columns to filter by', () => {
  const part = content({
    sdgs: [9, 16],
    beneficiaries: { countries: ['ZM', 'HN'] },
    pledged: [{ amount: '100000000', currency: 'USD' }],
    partOf: id,
    dueOn: undefined,
    reportingIntervalDays: 30,
  });
  const steps = [
    by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: JSON.parse(JSON.stringify(part)) }),
    by(undesa.approver, registerCommitment, { id: the('commitment', 2) }),
  ];
  expect(rowsAfter(commitments, registered, steps).find((row) => row.id === the('commitment', 2))).toMatchObject({
    sdgs: [9, 16],
    countries: ['ZM', 'HN'],
    pledged: [{ amount: '100000000', currency: 'USD' }],
    partOf: id,
    dueOn: null,
    overdueFrom: null,
    reportingIntervalDays: 30,
  });
});

describe('its life', () => {
  const declined = [...claimed, by(reviewer, declineCompletion, { id, reason: text('Two chapters are missing') })];
  const resumed = [...suspended, by(undesa.approver, resumeCommitment, { id })];
  const none = { selfDeclared: null, endedOn: null, outcome: null, supersededBy: null };
  test.each<[string, readonly Step[], object]>([
    ['started', active, { ...none, status: 'active' }],
    ['suspended', suspended, { ...none, status: 'suspended' }],
    ['resumed', resumed, { ...none, status: 'active' }],
    ['claimed to be complete', claimed, { ...none, status: 'completion-claimed', selfDeclared: true }],
    ['declined', declined, { ...none, status: 'active' }],
    ['closed', closed, { ...none, status: 'closed', selfDeclared: true, endedOn: '2023-06-01', outcome: 'completed' }],
    ['withdrawn', withdrawn, { ...none, status: 'withdrawn', endedOn: '2023-06-01' }],
    ['superseded', superseded, { ...none, status: 'superseded', endedOn: '2023-06-01', supersededBy: the('commitment', 2) }],
  ])('%s', (_, history, columns) => {
    expect(rowsAfter(commitments, history).find((row) => row.id === id)).toMatchObject(columns);
  });

  test('ends on the day that is said', () => {
    const step = by(undesa.approver, withdrawCommitment, { id, reason: text('No funds') }, { occurredOn: '2022-06-30' });
    expect(rowAfter(commitments, active, step)).toMatchObject({ endedOn: '2022-06-30', status: 'withdrawn' });
  });
});

test('partners are those who have joined and not left', () => {
  const left = by(undp.approver, leaveCommitment, { id, agency: 'UNDP' });
  expect(rowAfter(commitments, joined).partners).toEqual(['UNDP']);
  expect(rowAfter(commitments, joined, left).partners).toEqual([]);
});

test('an amendment replaces the content once it is approved', () => {
  const approved = by(undesa.approver, approveAmendment, { id, version: 2 });
  expect(rowAfter(commitments, amendmentProposed)).toMatchObject({ dueOn: '2022-12-31', contentVersion: 1 });
  expect(rowAfter(commitments, amendmentProposed, approved)).toMatchObject({
    dueOn: '2023-12-31',
    overdueFrom: '2024-01-01',
    contentVersion: 2,
    content: fullContent({ dueOn: '2023-12-31' }),
    status: 'active',
  });
});

describe('its pace', () => {
  const update = the('update');
  const reported = [
    by(undesa.focalPoint, submitProgress, { id, content: progress() }),
    by(undesa.approver, publishProgress, { id, update, version: 1 }),
  ];
  /** 46 of 93 from the baseline, after 636 of 730 days. */
  const steps = {
    paceFrom: ['0001-01-01', '2022-09-28', '2023-01-01'],
    pace: ['no-recent-report', 'behind', 'missed'],
  };

  test('is not there without targets, whatever is reported', () => {
    expect(rowAfter(commitments, progressPublished)).toMatchObject({ paceFrom: [], pace: [], lastUpdateOn: '2023-06-01' });
  });

  test('without reports it is missed after the due date', () => {
    expect(rowAfter(commitments, targetApproved)).toMatchObject({
      paceFrom: ['0001-01-01', '2023-01-01'],
      pace: ['no-recent-report', 'missed'],
      lastUpdateOn: null,
    });
  });

  test('turns on the days of the reports', () => {
    expect(rowAfter(commitments, targetApproved, reported)).toMatchObject(steps);
  });

  test('of a target that was approved after the report sees it', () => {
    const late = [
      by(undesa.focalPoint, proposeTarget, { id, content: citiesTarget() }),
      by(undesa.approver, approveTarget, { id, target: the('target'), version: 1 }),
    ];
    expect(rowAfter(commitments, progressPublished, late)).toMatchObject(steps);
  });

  test('does not look at what is disaggregated', () => {
    const all = progress({ observations: [observation(), observation({ value: number('193'), asOf: '2022-10-01', disaggregation: { sex: 'female' } })] });
    const published = [by(undesa.focalPoint, submitProgress, { id, content: all }), reported[1]!];
    expect(rowAfter(commitments, targetApproved, published)).toMatchObject(steps);
  });

  test('is that of the corrected figures once a correction is published', () => {
    const late = [
      by(undesa.focalPoint, proposeTarget, { id, content: citiesTarget({ value: number('146') }) }),
      by(undesa.approver, approveTarget, { id, target: the('target'), version: 1 }),
    ];
    const published = by(undesa.approver, publishProgress, { id, update, version: 2 });
    expect(rowAfter(commitments, correctionSubmitted, late).pace).toEqual(['no-recent-report', 'achieved']);
    expect(rowAfter(commitments, correctionSubmitted, late, published)).toMatchObject({
      pace: ['no-recent-report', 'on-track', 'missed'],
      reports: [{ updateId: update, observations: [{ value: number('145') }] }],
    });
  });

  test('and the latest update are as before once the update is retracted', () => {
    const retracted = by(undesa.approver, retractProgress, { id, update, reason: text('Wrong survey') });
    expect(rowAfter(commitments, targetApproved, reported, retracted)).toMatchObject({
      paceFrom: ['0001-01-01', '2023-01-01'],
      pace: ['no-recent-report', 'missed'],
      lastUpdateOn: null,
      reports: [],
    });
  });

  test('follows the reporting interval', () => {
    const often = [
      by(undesa.focalPoint, proposeAmendment, { id, change: { kind: 'revision', reason: text('Each month') }, content: content({ reportingIntervalDays: 30 }) }),
      by(undesa.approver, approveAmendment, { id, version: 2 }),
    ];
    expect(rowAfter(commitments, targetApproved, reported, often)).toMatchObject({
      paceFrom: ['0001-01-01', '2022-09-28', '2022-10-29', '2023-01-01'],
      pace: ['no-recent-report', 'behind', 'no-recent-report', 'missed'],
    });
  });
});

test('the latest update is the one of the latest day, whatever was entered last', () => {
  const publish = (nth: number, occurredOn: string) => [
    by(undesa.focalPoint, submitProgress, { id, content: progress() }),
    by(undesa.approver, publishProgress, { id, update: the('update', nth), version: 1 }, { occurredOn }),
  ];
  expect(rowAfter(commitments, active, publish(1, '2023-03-01'), publish(2, '2022-10-01')).lastUpdateOn).toBe('2023-03-01');
});

test('whatever is recorded under it is news of it: revision, instant and position move on', () => {
  const log = logOf(everything).filter(({ stream }) => stream === `commitment-${id}`);
  const before = log.findIndex(({ type }) => type === 'MilestoneReached');
  const { revision, position } = log[before]!;
  const row = folded(commitments, log.slice(0, before + 1))[0]!;
  const { revision: _, updatedAt, updatedPosition, ...others } = folded(commitments, log.slice(0, before))[0]!;
  expect(row).toEqual({ ...others, revision, updatedAt, updatedPosition: position });
  expect(updatedPosition).toBeLessThan(position);
});

test('without anything registered there are no rows', () => {
  expect(rowsAfter(commitments, catalogue)).toEqual([]);
});
