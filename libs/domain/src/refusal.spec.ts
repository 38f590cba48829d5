import { by, given, the, type When } from '#testing/given.ts';
import {
  active, administrator, amendmentProposed, catalogue, citiesTarget, closed, content, correctionSubmitted, evidenceAttached, findingAnswered, joined, number,
  observation, obstacleReported, paper, progress, progressPublished, registered, reviewer, reviewerOfLead, secretariat, submitted, targetApproved, text, undesa,
  undp,
} from '#testing/scenes.ts';
import { assignFacilitator } from './action-line/assign-facilitator.ts';
import { defineActionLine } from './action-line/define.ts';
import { relieveFacilitator } from './action-line/relieve-facilitator.ts';
import { retitleActionLine } from './action-line/retitle.ts';
import { setSdgLinks } from './action-line/set-sdg-links.ts';
import { registerAgency } from './agency/register.ts';
import { renameAgency } from './agency/rename.ts';
import { answerFinding } from './commitment/answer-finding.ts';
import { approveAmendment } from './commitment/approve-amendment.ts';
import { approveTarget } from './commitment/approve-target.ts';
import { attachEvidence } from './commitment/attach-evidence.ts';
import { claimCompletion } from './commitment/claim-completion.ts';
import { flagEvidence } from './commitment/flag-evidence.ts';
import { joinCommitment } from './commitment/join.ts';
import { leaveCommitment } from './commitment/leave.ts';
import { proposeAmendment } from './commitment/propose-amendment.ts';
import { proposeTargetVersion } from './commitment/propose-target-version.ts';
import { proposeTarget } from './commitment/propose-target.ts';
import { raiseFinding } from './commitment/raise-finding.ts';
import { reachMilestone } from './commitment/reach-milestone.ts';
import { registerCommitment } from './commitment/register.ts';
import { resolveDispute } from './commitment/resolve-dispute.ts';
import { resolveObstacle } from './commitment/resolve-obstacle.ts';
import { returnProgress } from './commitment/return-progress.ts';
import { startCommitment } from './commitment/start.ts';
import { submitProgressVersion } from './commitment/submit-progress-version.ts';
import { submitProgress } from './commitment/submit-progress.ts';
import { submitCommitment } from './commitment/submit.ts';
import { supersedeCommitment } from './commitment/supersede.ts';
import { defineIndicator } from './indicator/define.ts';
import { reviseIndicator } from './indicator/revise.ts';
import { DomainError, refuse, Refusals, refusals, type RefusalCode } from './refusal.ts';

const id = the('commitment');
const update = the('update');
const target = the('target');
const reason = text('Because');
const revision = { kind: 'revision', reason };
const terms = { titles: { en: 'Indicator offline' }, min: '0', max: '100', sourceClass: 'survey', measures: 'result' };
const lead = { code: 'C7-eGov', agency: 'UNDESA', role: 'lead' };

const submit = (changes: object) => given(registered).when(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content(changes) });
const target193 = (changes: object) => given(active).when(undesa.focalPoint, proposeTarget, { id, content: citiesTarget(changes) });
const report = (changes: object) => given(active).when(undesa.focalPoint, submitProgress, { id, content: progress(changes) });
const observe = (changes: object) => report({ observations: [observation(changes)] });
const resolve = by(undesa.focalPoint, resolveObstacle, { id, obstacle: the('obstacle'), resolution: text('Funds') });
const flag = by(reviewer, flagEvidence, { id, evidence: the('evidence'), reason });
const reach = by(undesa.focalPoint, reachMilestone, { id, milestone: 'survey-2022' });
const partOfFirst = [
  ...registered,
  by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content({ partOf: id }) }),
  by(undesa.approver, registerCommitment, { id: the('commitment', 2) }),
];
const manyPartners = Array.from({ length: 100 }, () => [by(undp.approver, joinCommitment, { id, agency: 'UNDP' }), by(undp.approver, leaveCommitment, { id, agency: 'UNDP' })]).flat();

/** One command for every reason to refuse; the compiler asks for a new row when a reason is added. */
const examples: Record<RefusalCode, When<unknown>> = {
  'COMMAND.OCCURRED_IN_FUTURE': given(registered).when(undesa.approver, startCommitment, { id }, { occurredOn: '2023-06-02' }),
  'COMMAND.OCCURRED_BEFORE': given(active).when(undesa.approver, claimCompletion, { id, statement: text('Out'), selfDeclared: true }, { occurredOn: '1999-12-31' }),
  'COMMAND.TRANSCRIBED_BY_SECRETARIAT_ONLY': given(registered).when(undesa.approver, startCommitment, { id }, { transcribedFrom: { document: 'S1', place: '1' } }),
  'COMMAND.TRANSCRIPTION_NEEDED': given(registered).when(secretariat, startCommitment, { id }),

  'AGENCY.ALREADY_REGISTERED': given(catalogue).when(administrator, registerAgency, { code: 'UNDP', names: { en: 'UNDP' }, kind: 'other' }),
  'AGENCY.UNKNOWN': given(catalogue).when(administrator, renameAgency, { code: 'WHO', names: { en: 'WHO' } }),
  'AGENCY.SAME_NAMES': given(catalogue).when(administrator, renameAgency, { code: 'UNDP', names: { en: 'Agency UNDP' } }),

  'ACTION_LINE.ALREADY_DEFINED': given(catalogue).when(administrator, defineActionLine, { code: 'C1', titles: { en: 'C1' } }),
  'ACTION_LINE.UNKNOWN': given(catalogue).when(administrator, retitleActionLine, { code: 'C2', titles: { en: 'C2' } }),
  'ACTION_LINE.BARE_C7': given().when(administrator, defineActionLine, { code: 'C7', titles: { en: 'C7' } }),
  'ACTION_LINE.SAME_TITLES': given(catalogue).when(administrator, retitleActionLine, { code: 'C1', titles: { en: 'Line C1' } }),
  'ACTION_LINE.SAME_SDG_LINKS': given(catalogue).when(administrator, setSdgLinks, { code: 'C7-eGov', matrixVersion: '2019', sdgs: [9, 16, 17] }),
  'ACTION_LINE.ALREADY_ASSIGNED': given(catalogue).when(administrator, assignFacilitator, { ...lead, from: '2020-01-01' }),
  'ACTION_LINE.NOT_ASSIGNED': given(catalogue).when(administrator, relieveFacilitator, { ...lead, agency: 'ITU', to: '2020-01-01' }),
  'ACTION_LINE.RELIEVED_BEFORE_ASSIGNED': given(catalogue).when(administrator, relieveFacilitator, { ...lead, to: '2000-01-01' }),

  'INDICATOR.ALREADY_DEFINED': given(catalogue).when(administrator, defineIndicator, { code: 'offline', unit: 'percent', direction: 'falling', ...terms }),
  'INDICATOR.UNKNOWN': given(catalogue).when(administrator, reviseIndicator, { code: '17.8.1', ...terms }),
  'INDICATOR.RANGE': given(catalogue).when(administrator, reviseIndicator, { code: 'offline', ...terms, max: '0' }),
  'INDICATOR.SAME': given(catalogue).when(administrator, reviseIndicator, { code: 'offline', ...terms }),

  'COMMITMENT.UNKNOWN': given().when(undesa.approver, startCommitment, { id }),
  'COMMITMENT.BARE_C7': submit({ actionLines: ['C7'] }),
  'COMMITMENT.STATUS': given(active).when(undesa.approver, startCommitment, { id }),
  'COMMITMENT.NOT_PUBLIC': given(submitted).when(undesa.focalPoint, submitProgress, { id, content: progress() }),
  'COMMITMENT.NO_UPDATE_AFTER_END': given(closed).when(undesa.focalPoint, submitProgress, { id, content: progress() }),
  'COMMITMENT.DATES': submit({ dueOn: '2020-12-31' }),
  'COMMITMENT.PART_OF_ITSELF': submit({ partOf: the('commitment', 2) }),
  'COMMITMENT.PART_OF_UNKNOWN': submit({ partOf: the('commitment', 3) }),
  'COMMITMENT.PART_OF_PART': given(partOfFirst).when(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content({ partOf: the('commitment', 2) }) }),
  'COMMITMENT.SUPERSEDED_BY_ITSELF': given(active).when(undesa.approver, supersedeCommitment, { id, by: id, reason }),
  'COMMITMENT.SUCCESSOR_UNKNOWN': given(active).when(undesa.approver, supersedeCommitment, { id, by: the('commitment', 2), reason }),
  'COMMITMENT.DUPLICATE_ENTRY': submit({ sdgs: [9, 9] }),
  'COMMITMENT.ABOUT_UNKNOWN': given(active).when(undesa.focalPoint, attachEvidence, { id, about: update, evidence: paper() }),
  'COMMITMENT.LIMIT': given(active, manyPartners).when(undp.approver, joinCommitment, { id, agency: 'UNDP' }),

  'VERSION.PENDING': given(amendmentProposed).when(undesa.focalPoint, proposeAmendment, { id, change: revision, content: content() }),
  'VERSION.NOT_PENDING': given(active).when(undesa.approver, approveAmendment, { id, version: 2 }),
  'VERSION.AUTHOR_APPROVES': given(submitted).when(undesa.focalPoint, registerCommitment, { id }),
  'VERSION.NOT_TRANSCRIBED': given(submitted).when(secretariat, registerCommitment, { id }, { transcribedFrom: { document: 'S1', place: '1' } }),
  'VERSION.FIRST_IS_NEW': given(returnedProgress()).when(undesa.focalPoint, submitProgressVersion, {
    id, update, change: { kind: 'correction', corrects: 1, reason }, content: progress(),
  }),
  'VERSION.REASON_NEEDED': given(active).when(undesa.focalPoint, proposeAmendment, { id, change: { kind: 'new' }, content: content() }),
  'VERSION.CORRECTS_UNKNOWN': given(active).when(undesa.focalPoint, proposeAmendment, { id, change: { kind: 'correction', corrects: 5, reason }, content: content() }),
  'VERSION.CORRECTIONS_ONLY': given(progressPublished).when(undesa.focalPoint, submitProgressVersion, { id, update, change: revision, content: progress() }),

  'PARTNER.IS_LEAD': given(active).when(undesa.approver, joinCommitment, { id, agency: 'UNDESA' }),
  'PARTNER.ALREADY_JOINED': given(joined).when(undp.approver, joinCommitment, { id, agency: 'UNDP' }),
  'PARTNER.NOT_JOINED': given(active).when(undp.approver, leaveCommitment, { id, agency: 'UNDP' }),

  'TARGET.UNKNOWN': given(active).when(undesa.approver, approveTarget, { id, target, version: 1 }),
  'TARGET.CONTEXT_INDICATOR': target193({ indicator: 'poverty', unit: 'people' }),
  'TARGET.UNIT_MISMATCH': target193({ unit: 'percent' }),
  'TARGET.OUT_OF_RANGE': target193({ value: number('194') }),
  'TARGET.DATES': target193({ dueOn: '2020-12-31' }),
  'TARGET.BASELINE_IN_FUTURE': target193({ baseline: { value: number('100'), on: '2024-01-01' }, dueOn: '2025-01-01' }),

  'MILESTONE.UNKNOWN': given(active).when(undesa.focalPoint, reachMilestone, { id, milestone: 'survey-2024' }),
  'MILESTONE.ALREADY_REACHED': given(active, reach).when(undesa.focalPoint, reachMilestone, { id, milestone: 'survey-2022' }),
  'MILESTONE.REACHED_IS_KEPT': given(active, reach).when(undesa.focalPoint, proposeAmendment, { id, change: revision, content: content({ milestones: [] }) }),

  'PROGRESS.UNKNOWN': given(active).when(reviewer, resolveDispute, { id, update, resolution: text('None') }),
  'PROGRESS.STATUS': given(correctionSubmitted).when(reviewer, resolveDispute, { id, update, resolution: text('None') }),
  'PROGRESS.PERIOD': report({ from: '2022-12-31' }),
  'PROGRESS.EMPTY': report({ observations: [] }),
  'PROGRESS.NOT_ASSESSED_WITH_VALUES': report({ notAssessed: reason }),
  'OBSERVATION.UNIT_MISMATCH': observe({ unit: 'percent' }),
  'OBSERVATION.OUT_OF_RANGE': observe({ value: number('194') }),
  'OBSERVATION.IN_FUTURE': observe({ asOf: '2023-06-02' }),

  'COMPLETION.NEEDS_INDEPENDENT_EVIDENCE': given(active).when(undesa.approver, claimCompletion, { id, statement: text('Done') }),
  'REVIEW.OWN_AGENCY': given(active).when(reviewerOfLead, raiseFinding, { id, finding: reason }),

  'OBSTACLE.UNKNOWN': given(active).when(undesa.focalPoint, resolveObstacle, { id, obstacle: the('obstacle'), resolution: text('Funds') }),
  'OBSTACLE.ALREADY_RESOLVED': given(obstacleReported, resolve).when(undesa.focalPoint, resolveObstacle, resolve.command),
  'EVIDENCE.UNKNOWN': given(active).when(reviewer, flagEvidence, flag.command),
  'EVIDENCE.IN_FUTURE': given(active).when(undesa.focalPoint, attachEvidence, { id, evidence: paper({ date: '2023-06-02' }) }),
  'EVIDENCE.ALREADY_FLAGGED': given(evidenceAttached, flag).when(reviewer, flagEvidence, flag.command),
  'FINDING.UNKNOWN': given(active).when(undesa.approver, answerFinding, { id, finding: the('finding'), answer: reason }),
  'FINDING.STATUS': given(findingAnswered).when(undesa.approver, answerFinding, { id, finding: the('finding'), answer: reason }),
};

test.each(Object.entries(examples) as [RefusalCode, When<unknown>][])('%s', (code, when) => {
  const refusal = when.refusal();
  expect(refusal.code).toBe(code);
  expect(refusal.errors[0]!.message).toContain(refusals[code]);
});

test('a refusal tells its rule, and what was found', () => {
  expect(given(targetApproved).when(undesa.focalPoint, proposeTargetVersion, { id, target, content: citiesTarget() }).refusal().message).toBe(refusals['VERSION.REASON_NEEDED']);
  expect(observe({ unit: 'percent' }).refusal().errors).toEqual([
    { rule: 'OBSERVATION.UNIT_MISMATCH', pointer: '/content/observations/0/unit', message: 'the unit is the indicator\'s (LOSI.cities is in cities)' },
  ]);
});

test('refusals are gathered, so that all is told at once', () => {
  const none = new Refusals();
  expect(() => none.throwIfAny()).not.toThrow();
  const two = new Refusals();
  two.add('TARGET.DATES', '/dueOn');
  two.add('TARGET.OUT_OF_RANGE', '/value');
  expect(() => two.throwIfAny()).toThrow(`${refusals['TARGET.DATES']}; ${refusals['TARGET.OUT_OF_RANGE']}`);
  expect(() => refuse('TARGET.DATES')).toThrow(DomainError);
});

test('a check that throws is gathered too; what is no refusal is not', () => {
  const wrong = new Refusals();
  expect(wrong.gather(() => 1)).toBe(1);
  expect(() => wrong.throwIfAny()).not.toThrow();
  expect(wrong.gather(() => refuse('TARGET.DATES', '/dueOn'))).toBeUndefined();
  wrong.add('TARGET.OUT_OF_RANGE', '/value');
  expect(() => wrong.throwIfAny()).toThrow(`${refusals['TARGET.DATES']}; ${refusals['TARGET.OUT_OF_RANGE']}`);
  expect(() => wrong.gather(() => { throw new TypeError('a bug'); })).toThrow(TypeError);
});

function returnedProgress() {
  return [...active, by(undesa.focalPoint, submitProgress, { id, content: progress() }), by(undesa.approver, returnProgress, { id, update, version: 1, reason })];
}
