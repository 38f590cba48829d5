import { z } from 'zod';
import { assignmentOn } from '../action-line/action-line.ts';
import { compareDecimals } from '../decimal.ts';
import type { IndicatorState } from '../indicator/indicator.ts';
import { Refusals, refuse } from '../refusal.ts';
import type { Context, StreamName } from '../use-case.ts';
import type { Value } from '../values.ts';
import type { CommitmentContent, Evidence, Observation, ProgressContent, ReportedProgress } from './content.ts';
import {
  everPartiesOf,
  hasEnded,
  isPublic,
  type CommitmentState,
  type CommitmentStatus,
  type FindingState,
  type Reliance,
  type UpdateState,
  type UpdateStatus,
} from './state.ts';
import { approvedOf, type Change } from './versions.ts';

/** Path of every command to a commitment; records under it extend this. */
export const CommitmentPath = z.strictObject({ id: z.uuid() });

/** Most progress updates under one commitment. */
export const UPDATES_MAX = 2000;
/** Most records of any other kind (targets, obstacles, evidence, findings) under one commitment. */
export const RECORDS_MAX = 200;

export function requireStatus(commitment: CommitmentState, ...allowed: CommitmentStatus[]): void {
  if (commitment.status === 'none') refuse('COMMITMENT.UNKNOWN');
  if (!allowed.includes(commitment.status))
    refuse('COMMITMENT.STATUS', '', `it is ${commitment.status}; this is possible while it is ${allowed.join(' or ')}`);
}

/** Registered, whatever followed. */
export function requirePublic(commitment: CommitmentState): void {
  if (commitment.status === 'none') refuse('COMMITMENT.UNKNOWN');
  if (!isPublic(commitment)) refuse('COMMITMENT.NOT_PUBLIC', '', `it is ${commitment.status}`);
}

/** Registered and not ended. */
export function requireOpen(commitment: CommitmentState): void {
  requirePublic(commitment);
  if (hasEnded(commitment)) refuse('COMMITMENT.NO_UPDATE_AFTER_END', '', `it is ${commitment.status}`);
}

/** After the end only corrections, whenever they were proposed. */
export function requireOpenOrCorrection(commitment: CommitmentState, change: Change): void {
  if (hasEnded(commitment) && change.kind !== 'correction')
    refuse('COMMITMENT.NO_UPDATE_AFTER_END', '', `it is ${commitment.status}`);
}

export function requireOutsideReviewer(commitment: CommitmentState, { actor }: Context): void {
  if (everPartiesOf(commitment).includes(actor.agency)) refuse('REVIEW.OWN_AGENCY', '', actor.agency);
}

/** The update, when it exists and is in one of the statuses. */
export function requireUpdate(commitment: CommitmentState, updateId: string, ...allowed: UpdateStatus[]): UpdateState {
  const update = commitment.updates[updateId] ?? refuse('PROGRESS.UNKNOWN');
  if (!allowed.includes(update.status))
    refuse('PROGRESS.STATUS', '', `it is ${update.status}; this is possible while it is ${allowed.join(' or ')}`);
  return update;
}

export function requireFinding(commitment: CommitmentState, findingId: string, status: FindingState['status']): FindingState {
  const finding = commitment.findings[findingId] ?? refuse('FINDING.UNKNOWN');
  if (finding.status !== status) refuse('FINDING.STATUS', '', `it is ${finding.status}`);
  return finding;
}

/** What evidence or a finding is about must be there, and public. */
export function checkAbout(wrong: Refusals, commitment: CommitmentState, about: string | undefined): void {
  if (about === undefined) return;
  const known =
    approvedOf(commitment.targets[about]?.versions ?? []) ??
    approvedOf(commitment.updates[about]?.versions ?? []) ??
    approvedOf(commitment.versions)?.content.milestones.find((milestone) => milestone.milestoneId === about);
  if (!known) wrong.add('COMMITMENT.ABOUT_UNKNOWN', '/about', about);
}

export function evidenceNeeds(evidence: readonly Evidence[]): StreamName[] {
  return evidence.flatMap(({ issuer }) => (issuer === undefined ? [] : [`agency-${issuer}` as const]));
}

/** Its issuer is a registered agency, and it was there by today. */
export function checkEvidence(wrong: Refusals, pointer: string, { issuer, date }: Evidence, { facts, today }: Context): void {
  if (issuer !== undefined && !facts.agency(issuer)) wrong.add('AGENCY.UNKNOWN', `${pointer}/issuer`, issuer);
  if (date !== undefined && date > today) wrong.add('EVIDENCE.IN_FUTURE', `${pointer}/date`);
}

/** What follows something did not happen before it. */
export function requireNotBefore({ occurredOn }: Context, day: string): void {
  if (occurredOn < day) refuse('COMMAND.OCCURRED_BEFORE', '/occurredOn', `that was on ${day}`);
}

export function requireRoom(records: Readonly<Record<string, unknown>>, max = RECORDS_MAX): void {
  if (Object.keys(records).length >= max) refuse('COMMITMENT.LIMIT', '', `${max} records of a kind`);
}

/** Streams that a commitment's content speaks of. */
export function contentNeeds(lead: string, content: CommitmentContent): StreamName[] {
  return distinct<StreamName>([
    `agency-${lead}`,
    ...content.actionLines.map((code) => `actionLine-${code}` as const),
    ...(content.partOf ? [`commitment-${content.partOf}` as const] : []),
    ...evidenceNeeds(content.evidence),
  ]);
}

/** Refuses content that can't be a commitment's, telling everything that is wrong. */
export function checkContent(commitmentId: string, lead: string, content: CommitmentContent, context: Context): void {
  const { facts } = context;
  const wrong = new Refusals();
  if (!facts.agency(lead)) wrong.add('AGENCY.UNKNOWN', '/lead', lead);
  content.actionLines.forEach((code, index) => {
    const pointer = `/content/actionLines/${index}`;
    if (code === 'C7') wrong.add('COMMITMENT.BARE_C7', pointer);
    else if (!facts.actionLine(code)) wrong.add('ACTION_LINE.UNKNOWN', pointer, code);
  });
  refuseDoubles(wrong, '/content/actionLines', content.actionLines);
  refuseDoubles(wrong, '/content/sdgs', content.sdgs);
  refuseDoubles(wrong, '/content/milestones', content.milestones.map((milestone) => milestone.milestoneId));
  refuseDoubles(wrong, '/content/pledged', content.pledged.map((money) => money.currency));
  if (content.dueOn !== undefined && content.dueOn < content.startOn) wrong.add('COMMITMENT.DATES', '/content/dueOn');
  if (content.partOf !== undefined) {
    const whole = facts.commitment(content.partOf);
    if (content.partOf === commitmentId) wrong.add('COMMITMENT.PART_OF_ITSELF', '/content/partOf');
    else if (!whole || !isPublic(whole)) wrong.add('COMMITMENT.PART_OF_UNKNOWN', '/content/partOf');
    // A whole does not know its parts, so it may become a part later: figures count only what is part of nothing.
    else if (approvedOf(whole.versions)!.content.partOf !== undefined) wrong.add('COMMITMENT.PART_OF_PART', '/content/partOf');
  }
  content.evidence.forEach((evidence, index) => checkEvidence(wrong, `/content/evidence/${index}`, evidence, context));
  wrong.throwIfAny();
}

/** Milestones may be reached while an amendment waits: asked when it is proposed and when it is approved. */
export function keepReachedMilestones({ milestones }: CommitmentState, content: CommitmentContent): void {
  const wrong = new Refusals();
  for (const reached of Object.keys(milestones))
    if (!content.milestones.some(({ milestoneId }) => milestoneId === reached)) wrong.add('MILESTONE.REACHED_IS_KEPT', '/content/milestones', reached);
  wrong.throwIfAny();
}

/** What approving the content relies on: the lead's assignment, and the SDG matrix of its lines. */
export function relianceOf(lead: string, content: CommitmentContent, { facts, occurredOn }: Context): Reliance {
  const lines = content.actionLines.map((code) => facts.actionLine(code)!);
  const linked = new Set(lines.flatMap((line) => line.sdgs));
  const held = lines.flatMap((line) => {
    const assignment = assignmentOn(line, lead, occurredOn);
    return assignment ? [{ ...assignment, actionLine: line.code }] : [];
  });
  return {
    assignment: held.find((assignment) => assignment.role === 'lead') ?? held[0] ?? null,
    matrixVersions: Object.fromEntries(lines.flatMap((line) => (line.matrixVersion ? [[line.code, line.matrixVersion]] : []))),
    sdgsOutsideMatrix: content.sdgs.filter((sdg) => !linked.has(sdg)),
  };
}

export function progressNeeds(content: ProgressContent): StreamName[] {
  return distinct<StreamName>([...content.observations.map((observation) => `indicator-${observation.indicator}` as const), ...evidenceNeeds(content.evidence)]);
}

/** Refuses content that can't be a progress update's, telling everything that is wrong. */
export function checkProgress(content: ProgressContent, context: Context): void {
  const { facts, today } = context;
  const wrong = new Refusals();
  if (content.from > content.to || content.to > today) wrong.add('PROGRESS.PERIOD', '/content/to');
  if (content.notAssessed && content.observations.length > 0) wrong.add('PROGRESS.NOT_ASSESSED_WITH_VALUES', '/content/observations');
  if (!content.notAssessed && content.observations.length === 0 && content.narrative.length === 0) wrong.add('PROGRESS.EMPTY', '/content');
  content.observations.forEach((observation, index) =>
    checkObservation(wrong, `/content/observations/${index}`, observation, facts.indicator(observation.indicator), today),
  );
  content.evidence.forEach((evidence, index) => checkEvidence(wrong, `/content/evidence/${index}`, evidence, context));
  wrong.throwIfAny();
}

/**
 * The content, with the version of each target that its observations speak of: as it is now, or as it was where what
 * is corrected was made against it.
 */
export function reported(content: ProgressContent, commitment: CommitmentState, corrected?: ReportedProgress): ReportedProgress {
  const observed = new Set(content.observations.map((observation) => observation.indicator));
  const targetVersions: Record<string, number> = {};
  for (const [id, { versions }] of Object.entries(commitment.targets)) {
    const target = approvedOf(versions);
    if (target?.content.kind === 'quantitative' && observed.has(target.content.indicator)) targetVersions[id] = target.version;
  }
  return { ...content, targetVersions: { ...targetVersions, ...corrected?.targetVersions } };
}

/** Both bounds of a value keep to the indicator's. */
export function isWithin(value: Value, { definition }: IndicatorState): boolean {
  const { min, max } = definition!;
  return [value.low, value.high ?? value.low].every(
    (bound) => (min === null || compareDecimals(bound, min) >= 0) && (max === null || compareDecimals(bound, max) <= 0),
  );
}

function checkObservation(wrong: Refusals, pointer: string, observation: Observation, indicator: IndicatorState | undefined, today: string): void {
  if (observation.asOf > today) wrong.add('OBSERVATION.IN_FUTURE', `${pointer}/asOf`);
  if (!indicator) {
    wrong.add('INDICATOR.UNKNOWN', `${pointer}/indicator`, observation.indicator);
    return;
  }
  const { unit } = indicator.definition!;
  if (observation.unit !== unit) wrong.add('OBSERVATION.UNIT_MISMATCH', `${pointer}/unit`, `${observation.indicator} is in ${unit}`);
  if (!isWithin(observation.value, indicator)) wrong.add('OBSERVATION.OUT_OF_RANGE', `${pointer}/value`);
}

function distinct<T>(names: T[]): T[] {
  return [...new Set(names)];
}

function refuseDoubles(wrong: Refusals, pointer: string, entries: readonly unknown[]): void {
  entries.forEach((entry, index) => {
    if (entries.indexOf(entry) < index) wrong.add('COMMITMENT.DUPLICATE_ENTRY', `${pointer}/${index}`, String(entry));
  });
}
