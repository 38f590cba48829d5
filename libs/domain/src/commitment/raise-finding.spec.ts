import { given, the } from '#testing/given.ts';
import { active, closed, joined, progressPublished, registered, reviewer, reviewerOfLead, submitted, text } from '#testing/scenes.ts';
import { raiseFinding } from './raise-finding.ts';

const id = the('commitment');
const findingId = the('finding');
const command = { id, finding: text('No source is named for the baseline') };

test('a reviewer raises a finding', () => {
  const state = given(registered).when(reviewer, raiseFinding, command).then('FindingRaised', { findingId, finding: command.finding });
  expect(state.findings[findingId]).toEqual({ finding: command.finding, raisedOn: '2023-06-01', status: 'raised' });
});

test('it may be about an update, and come after the end', () => {
  const about = the('update');
  given(progressPublished).when(reviewer, raiseFinding, { ...command, about }).then('FindingRaised', { findingId, about, finding: command.finding });
  given(closed).when(reviewer, raiseFinding, command).then('FindingRaised', { findingId, finding: command.finding });
});

test('what it is about is known', () => {
  given(active).when(reviewer, raiseFinding, { ...command, about: the('update') }).thenRefused('COMMITMENT.ABOUT_UNKNOWN', '/about');
});

test('a reviewer never belongs to a party: the lead or a partner', () => {
  given(active).when(reviewerOfLead, raiseFinding, command).thenRefused('REVIEW.OWN_AGENCY');
  given(joined).when({ ...reviewer, agency: 'UNDP' }, raiseFinding, command).thenRefused('REVIEW.OWN_AGENCY');
  given(active).when({ ...reviewer, agency: 'UNDP' }, raiseFinding, command).then('FindingRaised', expect.anything());
});

test('not before the commitment is registered', () => {
  given().when(reviewer, raiseFinding, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(reviewer, raiseFinding, command).thenRefused('COMMITMENT.NOT_PUBLIC');
});
