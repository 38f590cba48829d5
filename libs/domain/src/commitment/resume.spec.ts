import { given, the } from '#testing/given.ts';
import { active, registered, superseded, suspended, undesa } from '#testing/scenes.ts';
import { resumeCommitment } from './resume.ts';

const command = { id: the('commitment') };

test('a suspended commitment is resumed', () => {
  expect(given(suspended).when(undesa.approver, resumeCommitment, command).then('CommitmentResumed', {}).status).toBe('active');
});

test.each(Object.entries({ registered, active, superseded }))('not while it is %s', (_, history) => {
  given(history).when(undesa.approver, resumeCommitment, command).thenRefused('COMMITMENT.STATUS');
});

test('an unknown commitment is not resumed', () => {
  given().when(undesa.approver, resumeCommitment, command).thenRefused('COMMITMENT.UNKNOWN');
});
