import { by, given, the } from '#testing/given.ts';
import { active, findingAnswered, findingRaised, reviewer, reviewerOfLead, text } from '#testing/scenes.ts';
import { closeFinding } from './close-finding.ts';

const id = the('commitment');
const finding = the('finding');
const command = { id, finding, conclusion: text('Seen') };

test('a reviewer closes an answered finding', () => {
  const state = given(findingAnswered)
    .when(reviewer, closeFinding, command)
    .then('FindingClosed', { findingId: finding, conclusion: command.conclusion });
  expect(state.findings[finding]).toMatchObject({ status: 'closed', answer: text('It is 100'), conclusion: command.conclusion });
});

test('neither before its answer nor twice', () => {
  given(findingRaised).when(reviewer, closeFinding, command).thenRefused('FINDING.STATUS');
  given(findingAnswered, by(reviewer, closeFinding, command)).when(reviewer, closeFinding, command).thenRefused('FINDING.STATUS');
});

test('a reviewer of a party does not close', () => {
  given(findingAnswered).when(reviewerOfLead, closeFinding, command).thenRefused('REVIEW.OWN_AGENCY');
});

test('it is known', () => {
  given(active).when(reviewer, closeFinding, command).thenRefused('FINDING.UNKNOWN');
});
