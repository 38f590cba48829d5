import { by, given, the } from '#testing/given.ts';
import {
  active, progressDisputed, progressPublished, progressRetracted, progressSubmitted, progressVerified, reviewer, reviewerOfLead, text,
} from '#testing/scenes.ts';
import { disputeProgress } from './dispute-progress.ts';
import { resolveDispute } from './resolve-dispute.ts';

const id = the('commitment');
const update = the('update');
const command = { id, update, reason: text('The annex says 145') };
const progressResolved = [...progressDisputed, by(reviewer, resolveDispute, { id, update, resolution: text('It was older') })];

test.each(Object.entries({ progressPublished, progressVerified, progressResolved }))('%s: a reviewer disputes it with a reason', (_, history) => {
  const state = given(history)
    .when(reviewer, disputeProgress, command)
    .then('ProgressDisputed', { updateId: update, version: 1, reason: command.reason });
  expect(state.updates[update]).toMatchObject({ status: 'disputed', remark: command.reason });
});

test('a reviewer of a party does not dispute', () => {
  given(progressPublished).when(reviewerOfLead, disputeProgress, command).thenRefused('REVIEW.OWN_AGENCY');
});

test.each(Object.entries({ progressSubmitted, progressDisputed, progressRetracted }))('%s: there is nothing to dispute', (_, history) => {
  given(history).when(reviewer, disputeProgress, command).thenRefused('PROGRESS.STATUS');
});

test('the update is known', () => {
  given(active).when(reviewer, disputeProgress, command).thenRefused('PROGRESS.UNKNOWN');
});
