import { by, given, the } from '#testing/given.ts';
import { active, claimed, closed, joined, reviewer, reviewerOfLead, text, undesa } from '#testing/scenes.ts';
import { claimCompletion } from './claim-completion.ts';
import { closeCommitment } from './close.ts';

const id = the('commitment');
const assessment = text('Seen in print');

test.each(['completed', 'partly', 'not'])('a reviewer closes it as %s, with an assessment', (outcome) => {
  const state = given(claimed).when(reviewer, closeCommitment, { id, outcome, assessment }).then('CommitmentClosed', { outcome, assessment });
  expect(state).toMatchObject({ status: 'closed', ending: { on: '2023-06-01', outcome, assessment } });
});

test('not before its completion was claimed', () => {
  given(claimed).when(reviewer, closeCommitment, { id, outcome: 'not', assessment }, { occurredOn: '2023-05-31' }).thenRefused('COMMAND.OCCURRED_BEFORE', '/occurredOn');
});

test('never without an assessment', () => {
  expect(closeCommitment.body.safeParse({ outcome: 'completed' }).success).toBe(false);
  expect(closeCommitment.body.safeParse({ outcome: 'completed', assessment: text('') }).success).toBe(false);
});

test('a reviewer of a party does not decide: of the lead or of a partner', () => {
  const command = { id, outcome: 'completed', assessment };
  given(claimed).when(reviewerOfLead, closeCommitment, command).thenRefused('REVIEW.OWN_AGENCY');
  given(joined, by(undesa.approver, claimCompletion, { id, statement: text('It is out'), selfDeclared: true }))
    .when({ ...reviewer, agency: 'UNDP' }, closeCommitment, command)
    .thenRefused('REVIEW.OWN_AGENCY');
});

test.each(Object.entries({ active, closed }))('not while it is %s', (_, history) => {
  given(history).when(reviewer, closeCommitment, { id, outcome: 'not', assessment }).thenRefused('COMMITMENT.STATUS');
});

test('an unknown commitment is not closed', () => {
  given().when(reviewer, closeCommitment, { id, outcome: 'not', assessment }).thenRefused('COMMITMENT.UNKNOWN');
});
