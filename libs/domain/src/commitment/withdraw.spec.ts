import { given, the } from '#testing/given.ts';
import { active, claimed, discarded, endings, registered, returned, submitted, suspended, text, undesa } from '#testing/scenes.ts';
import { isPublic } from './state.ts';
import { withdrawCommitment } from './withdraw.ts';

const command = { id: the('commitment'), reason: text('No funds') };

test.each(Object.entries({ registered, active, suspended, claimed }))('it is withdrawn while it is %s, with a reason, and stays public', (_, history) => {
  const state = given(history).when(undesa.approver, withdrawCommitment, command).then('CommitmentWithdrawn', { reason: command.reason });
  expect(state).toMatchObject({ status: 'withdrawn', ending: { on: '2023-06-01', reason: command.reason } });
  expect(isPublic(state)).toBe(true);
});

test('never without a reason', () => {
  expect(withdrawCommitment.body.safeParse({}).success).toBe(false);
});

test.each(Object.entries({ submitted, returned, discarded, ...endings }))('not while it is %s', (_, history) => {
  given(history).when(undesa.approver, withdrawCommitment, command).thenRefused('COMMITMENT.STATUS');
});

test('an unknown commitment is not withdrawn', () => {
  given().when(undesa.approver, withdrawCommitment, command).thenRefused('COMMITMENT.UNKNOWN');
});
