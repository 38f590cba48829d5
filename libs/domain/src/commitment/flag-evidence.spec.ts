import { by, given, the } from '#testing/given.ts';
import { active, evidenceAttached, paper, reviewer, reviewerOfLead, submitted, text } from '#testing/scenes.ts';
import { flagEvidence } from './flag-evidence.ts';

const id = the('commitment');
const evidence = the('evidence');
const command = { id, evidence, reason: text('It is about 2018') };

test('a reviewer flags evidence with a reason; it stays in the record', () => {
  const state = given(evidenceAttached)
    .when(reviewer, flagEvidence, command)
    .then('EvidenceFlagged', { evidenceId: evidence, reason: command.reason });
  expect(state.evidence[evidence]).toEqual({ evidence: paper(), attachedOn: '2023-06-01', flagged: { on: '2023-06-01', reason: command.reason } });
});

test('once', () => {
  given(evidenceAttached, by(reviewer, flagEvidence, command)).when(reviewer, flagEvidence, command).thenRefused('EVIDENCE.ALREADY_FLAGGED');
});

test('a reviewer of a party does not flag', () => {
  given(evidenceAttached).when(reviewerOfLead, flagEvidence, command).thenRefused('REVIEW.OWN_AGENCY');
});

test('the evidence and the commitment are known, and registered', () => {
  given(active).when(reviewer, flagEvidence, command).thenRefused('EVIDENCE.UNKNOWN');
  given().when(reviewer, flagEvidence, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(reviewer, flagEvidence, command).thenRefused('COMMITMENT.NOT_PUBLIC');
});
