import { given, the } from '#testing/given.ts';
import {
  active, closed, paper, progressPublished, progressSubmitted, registered, submitted, targetApproved, targetProposed, undesa,
} from '#testing/scenes.ts';
import { attachEvidence } from './attach-evidence.ts';

const id = the('commitment');
const evidenceId = the('evidence');
const command = { id, evidence: paper() };

test('evidence is attached to the commitment', () => {
  const state = given(registered).when(undesa.focalPoint, attachEvidence, command).then('EvidenceAttached', { evidenceId, evidence: paper() });
  expect(state.evidence[evidenceId]).toEqual({ evidence: paper(), attachedOn: '2023-06-01' });
});

test('also after the end: proof often comes late', () => {
  given(closed).when(undesa.focalPoint, attachEvidence, command).then('EvidenceAttached', { evidenceId, evidence: paper() });
});

test.each([
  ['a published update', progressPublished, the('update')],
  ['an approved target', targetApproved, the('target')],
  ['a milestone', active, 'survey-2022'],
])('it may be about %s', (_, history, about) => {
  given(history).when(undesa.focalPoint, attachEvidence, { ...command, about }).then('EvidenceAttached', { evidenceId, about, evidence: paper() });
});

test.each([
  ['an update that waits', progressSubmitted, the('update')],
  ['a target that waits', targetProposed, the('target')],
  ['a milestone that is none', active, 'survey-2024'],
  ['what every object has', active, 'constructor'],
])('never about %s', (_, history, about) => {
  given(history).when(undesa.focalPoint, attachEvidence, { ...command, about }).thenRefused('COMMITMENT.ABOUT_UNKNOWN', '/about');
});

test('its issuer is a registered agency, and its date not in the future; all that is wrong is told at once', () => {
  const attach = (changes: object) => given(active).when(undesa.focalPoint, attachEvidence, { id, about: 'survey-2024', evidence: paper(changes) });
  attach({ issuer: 'WHO', date: '2023-06-02' }).thenRefusedForAll(
    ['COMMITMENT.ABOUT_UNKNOWN', '/about'],
    ['AGENCY.UNKNOWN', '/evidence/issuer'],
    ['EVIDENCE.IN_FUTURE', '/evidence/date'],
  );
  const today = { id, evidence: paper({ date: '2023-06-01' }) };
  given(active).when(undesa.focalPoint, attachEvidence, today).then('EvidenceAttached', { evidenceId, evidence: today.evidence });
});

test('not before the commitment is registered', () => {
  given().when(undesa.focalPoint, attachEvidence, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.focalPoint, attachEvidence, command).thenRefused('COMMITMENT.NOT_PUBLIC');
});
