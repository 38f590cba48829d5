import { assignFacilitator } from '#domain/action-line/assign-facilitator.ts';
import { defineActionLine } from '#domain/action-line/define.ts';
import { relieveFacilitator } from '#domain/action-line/relieve-facilitator.ts';
import { retitleActionLine } from '#domain/action-line/retitle.ts';
import { setSdgLinks } from '#domain/action-line/set-sdg-links.ts';
import { registerAgency } from '#domain/agency/register.ts';
import { renameAgency } from '#domain/agency/rename.ts';
import { answerFinding } from '#domain/commitment/answer-finding.ts';
import { approveAmendment } from '#domain/commitment/approve-amendment.ts';
import { approveTarget } from '#domain/commitment/approve-target.ts';
import { attachEvidence } from '#domain/commitment/attach-evidence.ts';
import { claimCompletion } from '#domain/commitment/claim-completion.ts';
import { closeFinding } from '#domain/commitment/close-finding.ts';
import { closeCommitment } from '#domain/commitment/close.ts';
import { declineCompletion } from '#domain/commitment/decline-completion.ts';
import { discardCommitment } from '#domain/commitment/discard.ts';
import { disputeProgress } from '#domain/commitment/dispute-progress.ts';
import { flagEvidence } from '#domain/commitment/flag-evidence.ts';
import { joinCommitment } from '#domain/commitment/join.ts';
import { leaveCommitment } from '#domain/commitment/leave.ts';
import { proposeAmendment } from '#domain/commitment/propose-amendment.ts';
import { proposeTargetVersion } from '#domain/commitment/propose-target-version.ts';
import { proposeTarget } from '#domain/commitment/propose-target.ts';
import { publishProgress } from '#domain/commitment/publish-progress.ts';
import { raiseFinding } from '#domain/commitment/raise-finding.ts';
import { reachMilestone } from '#domain/commitment/reach-milestone.ts';
import { registerCommitment } from '#domain/commitment/register.ts';
import { reportObstacle } from '#domain/commitment/report-obstacle.ts';
import { resolveDispute } from '#domain/commitment/resolve-dispute.ts';
import { resolveObstacle } from '#domain/commitment/resolve-obstacle.ts';
import { resubmitCommitment } from '#domain/commitment/resubmit.ts';
import { resumeCommitment } from '#domain/commitment/resume.ts';
import { retractProgress } from '#domain/commitment/retract-progress.ts';
import { returnAmendment } from '#domain/commitment/return-amendment.ts';
import { returnProgress } from '#domain/commitment/return-progress.ts';
import { returnTarget } from '#domain/commitment/return-target.ts';
import { returnCommitment } from '#domain/commitment/return.ts';
import { startCommitment } from '#domain/commitment/start.ts';
import { submitProgressVersion } from '#domain/commitment/submit-progress-version.ts';
import { submitProgress } from '#domain/commitment/submit-progress.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import { supersedeCommitment } from '#domain/commitment/supersede.ts';
import { suspendCommitment } from '#domain/commitment/suspend.ts';
import { verifyProgress } from '#domain/commitment/verify-progress.ts';
import { withdrawCommitment } from '#domain/commitment/withdraw.ts';
import type { Actor } from '#domain/event.ts';
import { defineIndicator } from '#domain/indicator/define.ts';
import { reviseIndicator } from '#domain/indicator/revise.ts';
import { by, the, type Step } from './given.ts';

/**
 * A small catalogue and the commitment that most examples are about: UNDESA's survey of e-government in cities, with
 * a milestone, a target of 193 cities from 100 in 2020, and an update that reports 146.
 */

export const administrator: Actor = { id: 'administrator-1', agency: 'UNCTAD', role: 'administrator' };
export const secretariat: Actor = { id: 'secretariat-1', agency: 'UNCTAD', role: 'secretariat' };
export const otherOfSecretariat: Actor = { id: 'secretariat-2', agency: 'UNCTAD', role: 'secretariat' };
/** Of FAO, which is party to nothing here. */
export const reviewer: Actor = { id: 'reviewer-1', agency: 'FAO', role: 'reviewer' };
/** Of UNDESA, which leads. */
export const reviewerOfLead: Actor = { id: 'reviewer-2', agency: 'UNDESA', role: 'reviewer' };
export const undesa = people('UNDESA');
export const undp = people('UNDP');
export const itu = people('ITU');

export const text = (words: string) => ({ text: words, language: 'en' });
export const number = (low: string, more: object = {}) => ({ low, provisional: false, ...more });

/** The commitment's content, every field that has no default given. */
export function content(changes: object = {}) {
  return {
    title: text('E-Government Survey 2022'),
    description: text('Publish the 12th edition and assess more cities'),
    kind: 'programmatic',
    actionLines: ['C7-eGov'],
    startOn: '2021-01-01',
    dueOn: '2022-12-31',
    milestones: [{ milestoneId: 'survey-2022', title: text('The 12th edition is out'), dueOn: '2022-09-30' }],
    ...changes,
  };
}

/** The content as events hold it, with the defaults filled in. */
export function fullContent(changes: object = {}) {
  return { sdgs: [], pledged: [], externalReferences: [], reportingIntervalDays: 365, evidence: [], ...content(changes) };
}

export function citiesTarget(changes: object = {}) {
  return {
    kind: 'quantitative',
    indicator: 'LOSI.cities',
    unit: 'cities',
    baseline: { value: number('100'), on: '2020-12-31' },
    value: number('193'),
    dueOn: '2022-12-31',
    ...changes,
  };
}

export function observation(changes: object = {}) {
  return { indicator: 'LOSI.cities', value: number('146'), unit: 'cities', asOf: '2022-09-28', source: 'E-Government Survey 2022', ...changes };
}

export function progress(changes: object = {}) {
  return { from: '2021-01-01', to: '2022-09-30', observations: [observation()], ...changes };
}

/** The update as events hold it; made before there was a target unless `targetVersions` says otherwise. */
export function reportedProgress(changes: object = {}) {
  return { narrative: [], evidence: [], targetVersions: {}, ...progress(changes) };
}

/** An official paper of an agency that is no party. */
export function paper(changes: object = {}) {
  return { title: text('Assessment of local online services'), class: 'official-paper', draft: false, issuer: 'ITU', ...changes };
}

const id = the('commitment');

export const catalogue: readonly Step[] = [
  ...['UNDESA', 'UNDP', 'ITU', 'FAO'].map((code) => by(administrator, registerAgency, { code, names: { en: `Agency ${code}` }, kind: 'un-entity' })),
  ...['C1', 'C4', 'C7-eGov'].map((code) => by(administrator, defineActionLine, { code, titles: { en: `Line ${code}` } })),
  by(administrator, setSdgLinks, { code: 'C7-eGov', matrixVersion: '2019', sdgs: [9, 16, 17] }),
  by(administrator, assignFacilitator, { code: 'C7-eGov', agency: 'UNDESA', role: 'lead', from: '2006-02-24' }),
  indicator('LOSI.cities', 'cities', 'rising', { min: '0', max: '193' }),
  indicator('offline', 'percent', 'falling', { min: '0', max: '100' }),
  indicator('poverty', 'people', 'falling', { measures: 'context' }),
];

export const submitted: readonly Step[] = [...catalogue, submit('UNDESA', content())];
export const returned = [...submitted, by(undesa.approver, returnCommitment, { id, reason: text('Name the edition') })];
export const discarded = [...submitted, by(undesa.focalPoint, discardCommitment, { id, reason: text('Entered twice') })];
export const registered = [...submitted, by(undesa.approver, registerCommitment, { id })];
export const active = [...registered, by(undesa.approver, startCommitment, { id })];
export const suspended = [...active, by(undesa.approver, suspendCommitment, { id, reason: text('No funds') })];
export const claimed = [...active, by(undesa.approver, claimCompletion, { id, statement: text('It is out'), selfDeclared: true })];
export const closed = [...claimed, by(reviewer, closeCommitment, { id, outcome: 'completed', assessment: text('Seen in print') })];
export const withdrawn = [...active, by(undesa.approver, withdrawCommitment, { id, reason: text('No funds') })];
/** By the second commitment, which is registered too. */
export const superseded = [
  ...active,
  submit('UNDESA', content()),
  by(undesa.approver, registerCommitment, { id: the('commitment', 2) }),
  by(undesa.approver, supersedeCommitment, { id, by: the('commitment', 2), reason: text('Merged') }),
];
/** However a commitment ends, by its status. */
export const endings = { closed, withdrawn, superseded };

export const joined = [...active, by(undp.approver, joinCommitment, { id, agency: 'UNDP' })];
export const amendmentProposed = [
  ...active,
  by(undesa.focalPoint, proposeAmendment, { id, change: { kind: 'revision', reason: text('More time') }, content: content({ dueOn: '2023-12-31' }) }),
];

export const targetProposed = [...active, by(undesa.focalPoint, proposeTarget, { id, content: citiesTarget() })];
export const targetApproved = [...targetProposed, by(undesa.approver, approveTarget, { id, target: the('target'), version: 1 })];

export const progressSubmitted = [...active, by(undesa.focalPoint, submitProgress, { id, content: progress() })];
export const progressPublished = [...progressSubmitted, by(undesa.approver, publishProgress, { id, update: the('update'), version: 1 })];
export const progressVerified = [...progressPublished, by(reviewer, verifyProgress, { id, update: the('update') })];
export const progressDisputed = [...progressPublished, by(reviewer, disputeProgress, { id, update: the('update'), reason: text('The annex says 145') })];
export const progressRetracted = [...progressPublished, by(undesa.approver, retractProgress, { id, update: the('update'), reason: text('Wrong survey') })];
/** The published update, and a correction of it that waits. */
export const correctionSubmitted = [
  ...progressPublished,
  by(undesa.focalPoint, submitProgressVersion, {
    id,
    update: the('update'),
    change: { kind: 'correction', corrects: 1, reason: text('The annex says 145') },
    content: progress({ observations: [observation({ value: number('145') })] }),
  }),
];

export const obstacleReported = [...active, by(undesa.focalPoint, reportObstacle, { id, description: text('Demand outgrows funds') })];
export const evidenceAttached = [...active, by(undesa.focalPoint, attachEvidence, { id, evidence: paper() })];
export const findingRaised = [...active, by(reviewer, raiseFinding, { id, finding: text('No baseline is named') })];
export const findingAnswered = [...findingRaised, by(undesa.approver, answerFinding, { id, finding: the('finding'), answer: text('It is 100') })];

/** A life in which every event type happens, in an order that could be real. */
export const everything: readonly Step[] = [
  ...returned,
  by(administrator, renameAgency, { code: 'FAO', names: { en: 'Food and Agriculture Organization', fr: 'Organisation pour l’alimentation' } }),
  by(administrator, retitleActionLine, { code: 'C7-eGov', titles: { en: 'ICT applications: e-government' } }),
  by(administrator, assignFacilitator, { code: 'C4', agency: 'UNDP', role: 'co-facilitator', from: '2010-01-01' }),
  by(administrator, relieveFacilitator, { code: 'C4', agency: 'UNDP', role: 'co-facilitator', to: '2020-12-31' }),
  by(administrator, reviseIndicator, { code: 'offline', titles: { en: 'People offline' }, min: '0', max: '100', sourceClass: 'survey', measures: 'result' }),
  by(undesa.focalPoint, resubmitCommitment, { id, content: content() }),
  by(undesa.approver, registerCommitment, { id }),
  by(undesa.approver, startCommitment, { id }),
  by(undp.approver, joinCommitment, { id, agency: 'UNDP' }),
  by(undesa.focalPoint, proposeTarget, { id, content: citiesTarget({ value: number('190') }) }),
  by(undesa.approver, returnTarget, { id, target: the('target'), version: 1, reason: text('All members of the United Nations') }),
  by(undesa.focalPoint, proposeTargetVersion, { id, target: the('target'), content: citiesTarget() }),
  by(undesa.approver, approveTarget, { id, target: the('target'), version: 2 }),
  by(undp.focalPoint, submitProgress, { id, content: progress({ observations: [observation({ value: number('140') })] }) }),
  by(undesa.approver, returnProgress, { id, update: the('update'), version: 1, reason: text('Count again') }),
  by(undp.focalPoint, submitProgressVersion, { id, update: the('update'), content: progress() }),
  by(undesa.approver, publishProgress, { id, update: the('update'), version: 2 }),
  by(reviewer, verifyProgress, { id, update: the('update'), note: text('As printed') }),
  by(reviewer, disputeProgress, { id, update: the('update'), reason: text('The annex says 145') }),
  by(reviewer, resolveDispute, { id, update: the('update'), resolution: text('The annex was older') }),
  by(undesa.focalPoint, submitProgress, { id, content: progress({ observations: [], narrative: [{ part: 'one', text: text('A workshop was held') }] }) }),
  by(undesa.approver, publishProgress, { id, update: the('update', 2), version: 1 }),
  by(undesa.approver, retractProgress, { id, update: the('update', 2), reason: text('It was held by others') }),
  by(undesa.focalPoint, reachMilestone, { id, milestone: 'survey-2022' }, { occurredOn: '2022-09-28' }),
  by(undesa.focalPoint, reportObstacle, { id, description: text('Demand outgrows funds') }),
  by(undesa.focalPoint, resolveObstacle, { id, obstacle: the('obstacle'), resolution: text('Funds were found') }),
  by(undesa.focalPoint, attachEvidence, { id, about: the('update'), evidence: paper() }),
  by(reviewer, flagEvidence, { id, evidence: the('evidence'), reason: text('It is about 2018') }),
  by(undesa.focalPoint, attachEvidence, { id, evidence: paper({ place: 'annex 2' }) }),
  by(reviewer, raiseFinding, { id, about: the('target'), finding: text('No source is named for the baseline') }),
  by(undesa.approver, answerFinding, { id, finding: the('finding'), answer: text('The survey of 2020') }),
  by(reviewer, closeFinding, { id, finding: the('finding'), conclusion: text('Seen') }),
  by(undesa.focalPoint, proposeAmendment, { id, change: { kind: 'revision', reason: text('More time') }, content: content({ dueOn: '2024-12-31' }) }),
  by(undesa.approver, returnAmendment, { id, version: 3, reason: text('One year is enough') }),
  by(undesa.focalPoint, proposeAmendment, { id, change: { kind: 'revision', reason: text('More time') }, content: content({ dueOn: '2023-12-31' }) }),
  by(undesa.approver, approveAmendment, { id, version: 4 }),
  by(undesa.approver, suspendCommitment, { id, reason: text('No funds') }),
  by(undesa.approver, resumeCommitment, { id }),
  by(undesa.approver, claimCompletion, { id, statement: text('It is out') }),
  by(reviewer, declineCompletion, { id, reason: text('Two chapters are missing') }),
  by(undesa.approver, claimCompletion, { id, statement: text('It is complete') }),
  by(reviewer, closeCommitment, { id, outcome: 'completed', assessment: text('Seen in print') }),
  submit('UNDESA', content({ title: text('A second survey') })),
  by(undesa.approver, registerCommitment, { id: the('commitment', 2) }),
  by(undp.approver, joinCommitment, { id: the('commitment', 2), agency: 'UNDP' }),
  by(undp.approver, leaveCommitment, { id: the('commitment', 2), agency: 'UNDP', reason: text('Merged') }),
  submit('UNDESA', content({ title: text('A third survey') })),
  by(undesa.approver, registerCommitment, { id: the('commitment', 3) }),
  by(undesa.approver, supersedeCommitment, { id: the('commitment', 2), by: the('commitment', 3), reason: text('Merged') }),
  by(undesa.approver, withdrawCommitment, { id: the('commitment', 3), reason: text('No funds') }),
  submit('UNDESA', content({ title: text('A fourth survey') })),
  by(undesa.focalPoint, discardCommitment, { id: the('commitment', 4), reason: text('Entered twice') }),
];

function submit(lead: string, ofContent: object): Step {
  return by(people(lead).focalPoint, submitCommitment, { lead, content: ofContent });
}

function people(agency: string): { focalPoint: Actor; otherFocalPoint: Actor; approver: Actor } {
  const name = agency.toLowerCase();
  return {
    focalPoint: { id: `${name}-focal-point-1`, agency, role: 'focal-point' },
    otherFocalPoint: { id: `${name}-focal-point-2`, agency, role: 'focal-point' },
    approver: { id: `${name}-approver-1`, agency, role: 'approver' },
  };
}

function indicator(code: string, unit: string, direction: 'rising' | 'falling', more: object): Step {
  return by(administrator, defineIndicator, { code, unit, direction, titles: { en: `Indicator ${code}` }, sourceClass: 'survey', measures: 'result', ...more });
}
