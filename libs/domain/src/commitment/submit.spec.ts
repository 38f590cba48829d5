import { by, given, the } from '#testing/given.ts';
import { catalogue, content, fullContent, otherOfSecretariat, paper, registered, secretariat, submitted, undesa, undp } from '#testing/scenes.ts';
import { registerCommitment } from './register.ts';
import { submitCommitment } from './submit.ts';

const submission = (changes: object = {}, lead = 'UNDESA') => ({ lead, content: content(changes) });
const refused = (changes: object) => given(registered).when(undesa.focalPoint, submitCommitment, submission(changes));

test('a focal point submits a commitment, which waits for approval', () => {
  const state = given(catalogue)
    .when(undesa.focalPoint, submitCommitment, submission())
    .then('CommitmentSubmitted', { commitmentId: the('commitment'), lead: 'UNDESA', version: 1, content: fullContent() });
  expect(state).toMatchObject({ id: the('commitment'), status: 'submitted', lead: 'UNDESA', partners: [], reliance: undefined });
  expect(state.versions).toEqual([{ version: 1, change: { kind: 'new' }, content: fullContent(), status: 'proposed', author: undesa.focalPoint.id, authorRole: 'focal-point' }]);
});

test('beneficiaries may be a count without a list: nine countries', () => {
  const nine = { counts: [{ of: 'countries in Latin America', value: { low: '9' } }] };
  const full = { countries: [], regions: [], groups: [], counts: [{ of: 'countries in Latin America', value: { low: '9', provisional: false } }] };
  given(catalogue)
    .when(undesa.focalPoint, submitCommitment, submission({ beneficiaries: nine }))
    .then('CommitmentSubmitted', { commitmentId: the('commitment'), lead: 'UNDESA', version: 1, content: fullContent({ beneficiaries: full }) });
});

test('it names at least one action line, and never bare C7', () => {
  expect(submitCommitment.body.safeParse(submission({ actionLines: [] })).success).toBe(false);
  refused({ actionLines: ['C1', 'C7'] }).thenRefused('COMMITMENT.BARE_C7', '/content/actionLines/1');
});

test('its lines and its lead are known', () => {
  refused({ actionLines: ['C2'] }).thenRefused('ACTION_LINE.UNKNOWN', '/content/actionLines/0');
  given(catalogue).when(undesa.focalPoint, submitCommitment, submission({}, 'WHO')).thenRefused('AGENCY.UNKNOWN', '/lead');
});

test('it does not end before it starts; one day is enough', () => {
  refused({ startOn: '2022-01-01', dueOn: '2021-12-31' }).thenRefused('COMMITMENT.DATES', '/content/dueOn');
  const oneDay = { startOn: '2022-01-01', dueOn: '2022-01-01' };
  given(catalogue)
    .when(undesa.focalPoint, submitCommitment, submission(oneDay))
    .then('CommitmentSubmitted', { commitmentId: the('commitment'), lead: 'UNDESA', version: 1, content: fullContent(oneDay) });
});

test('an entry stands once in its list', () => {
  const milestone = content().milestones[0];
  refused({
    actionLines: ['C1', 'C4', 'C1'],
    sdgs: [9, 9],
    milestones: [milestone, milestone],
    pledged: [{ amount: '1', currency: 'USD' }, { amount: '2', currency: 'EUR' }, { amount: '3', currency: 'USD' }],
  }).thenRefused('COMMITMENT.DUPLICATE_ENTRY', '/content/actionLines/2', '/content/sdgs/1', '/content/milestones/1', '/content/pledged/2');
});

test('the issuers of its evidence are registered agencies, and nothing is dated in the future', () => {
  refused({ evidence: [paper(), paper({ issuer: 'WHO', date: '2023-06-02' })] }).thenRefusedForAll(
    ['AGENCY.UNKNOWN', '/content/evidence/1/issuer'],
    ['EVIDENCE.IN_FUTURE', '/content/evidence/1/date'],
  );
});

test('all that is wrong is told at once', () => {
  refused({ actionLines: ['C7', 'C2'], dueOn: '2020-12-31', partOf: the('commitment', 9) }).thenRefusedForAll(
    ['COMMITMENT.BARE_C7', '/content/actionLines/0'],
    ['ACTION_LINE.UNKNOWN', '/content/actionLines/1'],
    ['COMMITMENT.DATES', '/content/dueOn'],
    ['COMMITMENT.PART_OF_UNKNOWN', '/content/partOf'],
  );
});

describe('part of another commitment: the US$ 100 million within the US$ 500 million', () => {
  const whole = the('commitment');
  const part = the('commitment', 2);
  const partRegistered = [
    ...registered,
    by(undp.focalPoint, submitCommitment, submission({ partOf: whole }, 'UNDP')),
    by(undp.approver, registerCommitment, { id: part }),
  ];

  test('the whole is registered', () => {
    given(registered)
      .when(undesa.focalPoint, submitCommitment, submission({ partOf: whole }))
      .then('CommitmentSubmitted', { commitmentId: part, lead: 'UNDESA', version: 1, content: fullContent({ partOf: whole }) });
    given(submitted).when(undesa.focalPoint, submitCommitment, submission({ partOf: whole })).thenRefused('COMMITMENT.PART_OF_UNKNOWN', '/content/partOf');
  });

  test('nothing is a part of itself', () => {
    refused({ partOf: the('commitment', 2) }).thenRefused('COMMITMENT.PART_OF_ITSELF', '/content/partOf');
  });

  test('the whole is no part itself when it is chosen', () => {
    given(partRegistered).when(undp.focalPoint, submitCommitment, submission({ partOf: part })).thenRefused('COMMITMENT.PART_OF_PART', '/content/partOf');
  });
});

test('the secretariat submits on behalf of an agency what it read', () => {
  const transcribedFrom = { document: 'Submission to CSTD-25', place: 'Part Three (a)' };
  const transcribed = by(secretariat, submitCommitment, submission(), { transcribedFrom, occurredOn: '2021-10-31' });
  const state = given(catalogue, transcribed)
    .when(otherOfSecretariat, registerCommitment, { id: the('commitment') }, { transcribedFrom })
    .then('CommitmentRegistered', expect.objectContaining({ lead: 'UNDESA', version: 1 }));
  expect(state).toMatchObject({ lead: 'UNDESA', status: 'registered' });
});

test('a commitment is submitted once in its stream', () => {
  const again = { ...submitCommitment, stream: () => `commitment-${the('commitment')}` as const };
  given(submitted).when(undesa.focalPoint, again, submission()).thenRefused('COMMITMENT.STATUS');
});
