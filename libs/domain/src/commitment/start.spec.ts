import { given, the } from '#testing/given.ts';
import { active, claimed, closed, registered, submitted, suspended, undesa } from '#testing/scenes.ts';
import { startCommitment } from './start.ts';

const command = { id: the('commitment') };

test('a registered commitment starts', () => {
  expect(given(registered).when(undesa.approver, startCommitment, command).then('CommitmentStarted', {}).status).toBe('active');
});

test.each(Object.entries({ submitted, active, suspended, claimed, closed }))('not while it is %s', (_, history) => {
  given(history).when(undesa.approver, startCommitment, command).thenRefused('COMMITMENT.STATUS');
});

test('an unknown commitment does not start', () => {
  given().when(undesa.approver, startCommitment, command).thenRefused('COMMITMENT.UNKNOWN');
});
