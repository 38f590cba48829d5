import { given, the } from '#testing/given.ts';
import { active, claimed, registered, suspended, text, undesa, withdrawn } from '#testing/scenes.ts';
import { suspendCommitment } from './suspend.ts';

const command = { id: the('commitment'), reason: text('No funds') };

test('an active commitment is suspended with a reason', () => {
  const state = given(active).when(undesa.approver, suspendCommitment, command).then('CommitmentSuspended', { reason: command.reason });
  expect(state.status).toBe('suspended');
});

test.each(Object.entries({ registered, suspended, claimed, withdrawn }))('not while it is %s', (_, history) => {
  given(history).when(undesa.approver, suspendCommitment, command).thenRefused('COMMITMENT.STATUS');
});

test('an unknown commitment is not suspended', () => {
  given().when(undesa.approver, suspendCommitment, command).thenRefused('COMMITMENT.UNKNOWN');
});
