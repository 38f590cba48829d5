import { given, the } from '#testing/given.ts';
import { active, content, discarded, fullContent, returned, submitted, undesa } from '#testing/scenes.ts';
import { resubmitCommitment } from './resubmit.ts';

const resubmission = (changes: object = {}) => ({ id: the('commitment'), content: content(changes) });

test('a returned commitment is submitted again, as the next version', () => {
  const state = given(returned)
    .when(undesa.focalPoint, resubmitCommitment, resubmission({ dueOn: '2023-01-31' }))
    .then('CommitmentResubmitted', { version: 2, content: fullContent({ dueOn: '2023-01-31' }) });
  expect(state.status).toBe('submitted');
  expect(state.versions.map(({ version, status }) => [version, status])).toEqual([[1, 'returned'], [2, 'proposed']]);
});

test.each([['submitted', submitted], ['discarded', discarded], ['active', active]])('not while it is %s', (_, history) => {
  given(history).when(undesa.focalPoint, resubmitCommitment, resubmission()).thenRefused('COMMITMENT.STATUS');
});

test('the content is held to the same rules', () => {
  given(returned).when(undesa.focalPoint, resubmitCommitment, resubmission({ actionLines: ['C7'] })).thenRefused('COMMITMENT.BARE_C7', '/content/actionLines/0');
  given(returned)
    .when(undesa.focalPoint, resubmitCommitment, resubmission({ partOf: the('commitment') }))
    .thenRefused('COMMITMENT.PART_OF_ITSELF', '/content/partOf');
});

test('an unknown commitment was not returned', () => {
  given().when(undesa.focalPoint, resubmitCommitment, resubmission()).thenRefused('COMMITMENT.UNKNOWN');
});
