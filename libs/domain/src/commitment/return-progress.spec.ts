import { given, the } from '#testing/given.ts';
import { active, correctionSubmitted, progressPublished, progressSubmitted, text, undesa } from '#testing/scenes.ts';
import { returnProgress } from './return-progress.ts';

const id = the('commitment');
const update = the('update');
const command = { id, update, version: 1, reason: text('Count again') };

test('the approver returns an update with a reason', () => {
  const state = given(progressSubmitted)
    .when(undesa.approver, returnProgress, command)
    .then('ProgressReturned', { updateId: update, version: 1, reason: command.reason });
  expect(state.updates[update]).toMatchObject({ status: 'returned', versions: [{ status: 'returned', reason: command.reason }] });
});

test('a returned correction leaves what was published', () => {
  const state = given(correctionSubmitted)
    .when(undesa.approver, returnProgress, { ...command, version: 2 })
    .then('ProgressReturned', { updateId: update, version: 2, reason: command.reason });
  expect(state.updates[update]).toMatchObject({ status: 'published', versions: [{ status: 'approved' }, { status: 'returned' }] });
});

test('the author does not decide on their own version', () => {
  given(progressSubmitted).when({ ...undesa.focalPoint, role: 'approver' }, returnProgress, command).thenRefused('VERSION.AUTHOR_APPROVES');
});

test('the version named is the one that waits', () => {
  given(progressPublished).when(undesa.approver, returnProgress, command).thenRefused('VERSION.NOT_PENDING');
});

test('the update is known', () => {
  given(active).when(undesa.approver, returnProgress, command).thenRefused('PROGRESS.UNKNOWN');
});
