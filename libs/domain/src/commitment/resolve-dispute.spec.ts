import { given, the } from '#testing/given.ts';
import { active, progressDisputed, progressPublished, progressVerified, reviewer, reviewerOfLead, text } from '#testing/scenes.ts';
import { resolveDispute } from './resolve-dispute.ts';

const id = the('commitment');
const update = the('update');
const command = { id, update, resolution: text('The annex was older') };

test('a reviewer resolves the dispute and says how', () => {
  const state = given(progressDisputed)
    .when(reviewer, resolveDispute, command)
    .then('DisputeResolved', { updateId: update, resolution: command.resolution });
  expect(state.updates[update]).toMatchObject({ status: 'resolved', remark: command.resolution });
});

test('a reviewer of a party does not resolve', () => {
  given(progressDisputed).when(reviewerOfLead, resolveDispute, command).thenRefused('REVIEW.OWN_AGENCY');
});

test.each(Object.entries({ progressPublished, progressVerified }))('%s: there is no dispute', (_, history) => {
  given(history).when(reviewer, resolveDispute, command).thenRefused('PROGRESS.STATUS');
});

test('the update is known', () => {
  given(active).when(reviewer, resolveDispute, command).thenRefused('PROGRESS.UNKNOWN');
});
