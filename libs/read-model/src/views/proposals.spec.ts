import { approveAmendment } from '#domain/commitment/approve-amendment.ts';
import { proposeTargetVersion } from '#domain/commitment/propose-target-version.ts';
import { resubmitCommitment } from '#domain/commitment/resubmit.ts';
import { retractProgress } from '#domain/commitment/retract-progress.ts';
import { returnAmendment } from '#domain/commitment/return-amendment.ts';
import { returnProgress } from '#domain/commitment/return-progress.ts';
import { returnTarget } from '#domain/commitment/return-target.ts';
import { submitProgressVersion } from '#domain/commitment/submit-progress-version.ts';
import { by, the } from '#testing/given.ts';
import {
  amendmentProposed,
  citiesTarget,
  content,
  correctionSubmitted,
  discarded,
  findingAnswered,
  findingRaised,
  fullContent,
  number,
  observation,
  progress,
  progressPublished,
  progressSubmitted,
  registered,
  reportedProgress,
  returned,
  submitted,
  targetApproved,
  targetProposed,
  text,
  undesa,
} from '#testing/scenes.ts';
import { rowAfter, rowsAfter } from './folded.fixture.ts';
import { proposals } from './proposals.ts';

const id = the('commitment');
const update = the('update');
const target = the('target');

describe('a commitment', () => {
  test('waits from its submission on', () => {
    expect(rowAfter(proposals, submitted)).toEqual({
      id: `commitment/${id}`,
      commitmentId: id,
      kind: 'commitment',
      subjectId: id,
      version: 1,
      change: { kind: 'new' },
      content: fullContent(),
      status: 'proposed',
      reason: null,
      author: undesa.focalPoint.id,
      authorAgency: 'UNDESA',
      authorRole: 'focal-point',
      lead: 'UNDESA',
      proposedOn: '2023-06-01',
      updatedAt: '2023-06-01T12:00:00.000Z',
      updatedPosition: expect.any(Number),
    });
  });

  test('stays when it is returned, with the reason', () => {
    expect(rowAfter(proposals, returned)).toMatchObject({ status: 'returned', reason: text('Name the edition'), version: 1, lead: 'UNDESA' });
  });

  test('waits again when it is resubmitted', () => {
    const again = by(undesa.otherFocalPoint, resubmitCommitment, { id, content: content({ kind: 'policy' }) });
    expect(rowAfter(proposals, returned, again)).toMatchObject({
      status: 'proposed',
      reason: null,
      version: 2,
      content: fullContent({ kind: 'policy' }),
      author: undesa.otherFocalPoint.id,
      lead: 'UNDESA',
    });
  });

  test.each([['registered', registered], ['discarded', discarded]])('waits no more once it is %s', (_, history) => {
    expect(rowsAfter(proposals, history)).toEqual([]);
  });
});

describe('an amendment', () => {
  test('waits with its reason', () => {
    expect(rowAfter(proposals, amendmentProposed)).toMatchObject({
      id: `amendment/${id}`,
      kind: 'amendment',
      commitmentId: id,
      subjectId: id,
      version: 2,
      change: { kind: 'revision', reason: text('More time') },
      content: fullContent({ dueOn: '2023-12-31' }),
      status: 'proposed',
      lead: null,
    });
  });

  test('stays when it is returned', () => {
    const back = by(undesa.approver, returnAmendment, { id, version: 2, reason: text('Why?') });
    expect(rowAfter(proposals, amendmentProposed, back)).toMatchObject({ status: 'returned', reason: text('Why?') });
  });

  test('waits no more once it is approved', () => {
    expect(rowsAfter(proposals, amendmentProposed, by(undesa.approver, approveAmendment, { id, version: 2 }))).toEqual([]);
  });
});

describe('a target', () => {
  test('waits', () => {
    expect(rowAfter(proposals, targetProposed)).toMatchObject({
      id: `target/${target}`,
      kind: 'target',
      commitmentId: id,
      subjectId: target,
      version: 1,
      change: { kind: 'new' },
      content: citiesTarget(),
      status: 'proposed',
    });
  });

  test('stays when it is returned, and waits again as another version', () => {
    const back = by(undesa.approver, returnTarget, { id, target, version: 1, reason: text('All members') });
    const again = by(undesa.focalPoint, proposeTargetVersion, { id, target, content: citiesTarget({ value: number('190') }) });
    expect(rowAfter(proposals, targetProposed, back)).toMatchObject({ status: 'returned', reason: text('All members') });
    expect(rowAfter(proposals, targetProposed, back, again)).toMatchObject({ status: 'proposed', version: 2, reason: null });
  });

  test('waits no more once it is approved', () => {
    expect(rowsAfter(proposals, targetApproved)).toEqual([]);
  });
});

describe('a progress update', () => {
  test('waits', () => {
    expect(rowAfter(proposals, progressSubmitted)).toMatchObject({
      id: `progress-update/${update}`,
      kind: 'progress-update',
      commitmentId: id,
      subjectId: update,
      version: 1,
      content: reportedProgress(),
      status: 'proposed',
      authorAgency: 'UNDESA',
    });
  });

  test('stays when it is returned, and waits again as another version', () => {
    const back = by(undesa.approver, returnProgress, { id, update, version: 1, reason: text('Count again') });
    const again = by(undesa.focalPoint, submitProgressVersion, { id, update, content: progress() });
    expect(rowAfter(proposals, progressSubmitted, back)).toMatchObject({ status: 'returned', reason: text('Count again') });
    expect(rowAfter(proposals, progressSubmitted, back, again)).toMatchObject({ status: 'proposed', version: 2, reason: null });
  });

  test('waits no more once it is published', () => {
    expect(rowsAfter(proposals, progressPublished)).toEqual([]);
  });

  test('may be corrected, which waits too', () => {
    expect(rowAfter(proposals, correctionSubmitted)).toMatchObject({
      version: 2,
      change: { kind: 'correction', corrects: 1, reason: text('The annex says 145') },
      content: { observations: [observation({ value: number('145') })] },
    });
  });

  test('waits no more once it is retracted, even if the correction is returned afterwards', () => {
    const retracted = by(undesa.approver, retractProgress, { id, update, reason: text('Wrong survey') });
    const back = by(undesa.approver, returnProgress, { id, update, version: 2, reason: text('Retracted') });
    expect(rowsAfter(proposals, correctionSubmitted, retracted)).toEqual([]);
    expect(rowsAfter(proposals, correctionSubmitted, retracted, back)).toEqual([]);
  });
});

describe('a finding', () => {
  test('waits for its answer', () => {
    expect(rowAfter(proposals, findingRaised)).toMatchObject({
      id: `finding/${the('finding')}`,
      kind: 'finding',
      commitmentId: id,
      subjectId: the('finding'),
      version: null,
      change: null,
      content: { about: null, finding: text('No baseline is named') },
      status: 'raised',
      authorAgency: 'FAO',
      lead: null,
    });
  });

  test('waits no more once it is answered', () => {
    expect(rowsAfter(proposals, findingAnswered)).toEqual([]);
  });
});
