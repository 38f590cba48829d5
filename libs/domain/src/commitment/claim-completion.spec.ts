import { by, given, the, type Step } from '#testing/given.ts';
import {
  active, catalogue, claimed, closed, content, joined, paper, progress, registered, reviewer, suspended, text, undesa, undp,
} from '#testing/scenes.ts';
import { attachEvidence } from './attach-evidence.ts';
import { claimCompletion } from './claim-completion.ts';
import { flagEvidence } from './flag-evidence.ts';
import { leaveCommitment } from './leave.ts';
import { publishProgress } from './publish-progress.ts';
import { registerCommitment } from './register.ts';
import { startCommitment } from './start.ts';
import { submitProgress } from './submit-progress.ts';
import { submitCommitment } from './submit.ts';

const id = the('commitment');
const statement = text('The edition is out');
const attached = (changes: object) => by(undesa.focalPoint, attachEvidence, { id, evidence: paper(changes) });
const reportedWith = (evidence: object[]): Step[] => [
  by(undesa.focalPoint, submitProgress, { id, content: progress({ evidence }) }),
  by(undesa.approver, publishProgress, { id, update: the('update'), version: 1 }),
];
const started = (evidence: object[]) => [
  ...catalogue,
  by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content({ evidence }) }),
  by(undesa.approver, registerCommitment, { id }),
  by(undesa.approver, startCommitment, { id }),
];

test('not before the commitment starts: that would undo its lateness', () => {
  given(active).when(undesa.approver, claimCompletion, { id, statement, selfDeclared: true }, { occurredOn: '2020-12-31' }).thenRefused('COMMAND.OCCURRED_BEFORE', '/occurredOn');
});

test('a claim without evidence says that it is self-declared', () => {
  given(active).when(undesa.approver, claimCompletion, { id, statement }).thenRefused('COMPLETION.NEEDS_INDEPENDENT_EVIDENCE', '/selfDeclared');
  const state = given(active)
    .when(undesa.approver, claimCompletion, { id, statement, selfDeclared: true })
    .then('CompletionClaimed', { statement, selfDeclared: true });
  expect(state).toMatchObject({ status: 'completion-claimed', completion: { statement, selfDeclared: true, claimedOn: '2023-06-01' } });
});

test.each<[string, readonly Step[]]>([
  ['a paper', [...active, attached({})]],
  ['of another agency about itself', [...active, attached({ class: 'self-report', issuer: 'ITU' })]],
  ['an event summary of nobody registered', [...active, attached({ class: 'event-summary', issuer: undefined })]],
])('attached evidence that no party wrote is enough: %s', (_, history) => {
  given(history).when(undesa.approver, claimCompletion, { id, statement }).then('CompletionClaimed', { statement, selfDeclared: false });
});

test('a proven claim is not self-declared, whatever it says', () => {
  given(active, attached({}))
    .when(undesa.approver, claimCompletion, { id, statement, selfDeclared: true })
    .then('CompletionClaimed', { statement, selfDeclared: false });
});

test.each<[string, readonly Step[]]>([
  ['written by the lead', [...active, attached({ issuer: 'UNDESA' })]],
  ['written by a partner', [...joined, attached({ issuer: 'UNDP' })]],
  ['written by a partner that left', [...joined, attached({ issuer: 'UNDP' }), by(undp.approver, leaveCommitment, { id, agency: 'UNDP' })]],
  ['a third-party article', [...active, attached({ class: 'third-party-article' })]],
  ['a self-report of nobody knows whom', [...active, attached({ class: 'self-report', issuer: undefined })]],
  ['a draft', [...active, attached({ draft: true })]],
  ['flagged by a reviewer', [...active, attached({}), by(reviewer, flagEvidence, { id, evidence: the('evidence'), reason: text('Of 2018') })]],
  ['inside the approved content, where nobody can flag it', started([paper()])],
  ['inside a published update, where nobody can flag it', [...active, ...reportedWith([paper()])]],
])('other evidence proves nothing: %s', (_, history) => {
  given(history).when(undesa.approver, claimCompletion, { id, statement }).thenRefused('COMPLETION.NEEDS_INDEPENDENT_EVIDENCE', '/selfDeclared');
});

test.each(Object.entries({ registered, suspended, claimed, closed }))('not while it is %s', (_, history) => {
  given(history).when(undesa.approver, claimCompletion, { id, statement, selfDeclared: true }).thenRefused('COMMITMENT.STATUS');
});

test('an unknown commitment is not complete', () => {
  given().when(undesa.approver, claimCompletion, { id, statement, selfDeclared: true }).thenRefused('COMMITMENT.UNKNOWN');
});
