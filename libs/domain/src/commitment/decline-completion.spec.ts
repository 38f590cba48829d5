import { by, given, the } from '#testing/given.ts';
import { active, claimed, closed, reviewer, reviewerOfLead, text, undesa } from '#testing/scenes.ts';
import { claimCompletion } from './claim-completion.ts';
import { declineCompletion } from './decline-completion.ts';

const id = the('commitment');
const command = { id, reason: text('Two chapters are missing') };

test('a reviewer declines the claim with a reason; the commitment is active again', () => {
  const state = given(claimed).when(reviewer, declineCompletion, command).then('CompletionDeclined', { reason: command.reason });
  expect(state.status).toBe('active');
  expect(state.completion).toBeUndefined();
});

test('not before it was claimed', () => {
  given(claimed).when(reviewer, declineCompletion, command, { occurredOn: '2023-05-31' }).thenRefused('COMMAND.OCCURRED_BEFORE', '/occurredOn');
});

test('it may be claimed again', () => {
  const statement = text('It is complete now');
  given(claimed, by(reviewer, declineCompletion, command))
    .when(undesa.approver, claimCompletion, { id, statement, selfDeclared: true })
    .then('CompletionClaimed', { statement, selfDeclared: true });
});

test('a reviewer of a party does not decide', () => {
  given(claimed).when(reviewerOfLead, declineCompletion, command).thenRefused('REVIEW.OWN_AGENCY');
});

test.each(Object.entries({ active, closed }))('nothing is claimed while it is %s', (_, history) => {
  given(history).when(reviewer, declineCompletion, command).thenRefused('COMMITMENT.STATUS');
});

test('an unknown commitment claims nothing', () => {
  given().when(reviewer, declineCompletion, command).thenRefused('COMMITMENT.UNKNOWN');
});
