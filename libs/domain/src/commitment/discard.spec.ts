import { given, the } from '#testing/given.ts';
import { discarded, registered, returned, submitted, text, undesa } from '#testing/scenes.ts';
import { discardCommitment } from './discard.ts';

const command = { id: the('commitment'), reason: text('Entered twice') };

test.each([['submitted', submitted], ['returned', returned]])('a %s commitment is discarded with a reason', (_, history) => {
  const state = given(history).when(undesa.focalPoint, discardCommitment, command).then('CommitmentDiscarded', { reason: command.reason });
  expect(state.status).toBe('discarded');
});

test.each([['registered', registered], ['discarded', discarded]])('not once it is %s', (_, history) => {
  given(history).when(undesa.focalPoint, discardCommitment, command).thenRefused('COMMITMENT.STATUS');
});

test('an unknown commitment can not be discarded', () => {
  given().when(undesa.focalPoint, discardCommitment, command).thenRefused('COMMITMENT.UNKNOWN');
});
