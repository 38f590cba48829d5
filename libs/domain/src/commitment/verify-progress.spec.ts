import { by, given, the } from '#testing/given.ts';
import {
  active, correctionSubmitted, itu, progress, progressDisputed, progressPublished, progressRetracted, progressSubmitted, progressVerified, reviewer, reviewerOfLead, text,
  undesa,
} from '#testing/scenes.ts';
import { joinCommitment } from './join.ts';
import { leaveCommitment } from './leave.ts';
import { publishProgress } from './publish-progress.ts';
import { resolveDispute } from './resolve-dispute.ts';
import { submitProgress } from './submit-progress.ts';
import { verifyProgress } from './verify-progress.ts';

const id = the('commitment');
const update = the('update');
const command = { id, update };

test('a reviewer verifies what is published', () => {
  const state = given(progressPublished)
    .when(reviewer, verifyProgress, { ...command, note: text('As printed') })
    .then('ProgressVerified', { updateId: update, version: 1, note: text('As printed') });
  expect(state.updates[update]).toMatchObject({ status: 'verified', remark: text('As printed') });
});

test('the version that is public by then is the one verified, whatever waits', () => {
  given(correctionSubmitted).when(reviewer, verifyProgress, command).then('ProgressVerified', { updateId: update, version: 1 });
  given(correctionSubmitted, by(undesa.approver, publishProgress, { id, update, version: 2 }))
    .when(reviewer, verifyProgress, command)
    .then('ProgressVerified', { updateId: update, version: 2 });
});

test('once a dispute is resolved it may be verified, and the remark on the dispute goes', () => {
  const state = given(progressDisputed, by(reviewer, resolveDispute, { id, update, resolution: text('The annex was older') }))
    .when(reviewer, verifyProgress, command)
    .then('ProgressVerified', { updateId: update, version: 1 });
  expect(state.updates[update]!.remark).toBeUndefined();
});

test('a reviewer of a party does not verify', () => {
  given(progressPublished).when(reviewerOfLead, verifyProgress, command).thenRefused('REVIEW.OWN_AGENCY');
});

test('nor does one of a partner that reported and left', () => {
  const withItu = [
    ...active,
    by(itu.approver, joinCommitment, { id, agency: 'ITU' }),
    by(itu.focalPoint, submitProgress, { id, content: progress() }),
    by(undesa.approver, publishProgress, { id, update, version: 1 }),
    by(itu.approver, leaveCommitment, { id, agency: 'ITU' }),
  ];
  given(withItu).when({ ...reviewer, agency: 'ITU' }, verifyProgress, command).thenRefused('REVIEW.OWN_AGENCY');
});

test.each(Object.entries({ progressSubmitted, progressVerified, progressDisputed, progressRetracted }))('%s: there is nothing to verify', (_, history) => {
  given(history).when(reviewer, verifyProgress, command).thenRefused('PROGRESS.STATUS');
});

test('the update is known', () => {
  given(active).when(reviewer, verifyProgress, command).thenRefused('PROGRESS.UNKNOWN');
});
