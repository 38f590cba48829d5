import { by, given, the } from '#testing/given.ts';
import {
  active, progressDisputed, progressPublished, progressRetracted, progressSubmitted, progressVerified, text, undesa,
} from '#testing/scenes.ts';
import { retractProgress } from './retract-progress.ts';
import { withdrawCommitment } from './withdraw.ts';

const id = the('commitment');
const update = the('update');
const command = { id, update, reason: text('Wrong survey') };

test.each(Object.entries({ progressPublished, progressVerified, progressDisputed }))('%s: a retraction leaves a tombstone with its reason', (_, history) => {
  const state = given(history)
    .when(undesa.approver, retractProgress, command)
    .then('ProgressRetracted', { updateId: update, reason: command.reason });
  expect(state.updates[update]).toMatchObject({ status: 'retracted', remark: command.reason, versions: [{ version: 1, status: 'approved' }] });
});

test('also after the end: a retraction corrects the record', () => {
  given(progressPublished, by(undesa.approver, withdrawCommitment, { id, reason: text('No funds') }))
    .when(undesa.approver, retractProgress, command)
    .then('ProgressRetracted', { updateId: update, reason: command.reason });
});

test('never without a reason', () => {
  expect(retractProgress.body.safeParse({}).success).toBe(false);
});

test.each(Object.entries({ progressSubmitted, progressRetracted }))('%s: there is nothing to retract', (_, history) => {
  given(history).when(undesa.approver, retractProgress, command).thenRefused('PROGRESS.STATUS');
});

test('the update is known', () => {
  given(active).when(undesa.approver, retractProgress, command).thenRefused('PROGRESS.UNKNOWN');
});
