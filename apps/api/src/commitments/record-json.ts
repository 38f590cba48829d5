import { z } from 'zod';
import { CommitmentContent, Evidence, ReportedProgress, TargetContent } from '#domain/commitment/content.ts';
import type { CommitmentState } from '#domain/commitment/state.ts';
import { approvedOf, Change, type Version, type Versions } from '#domain/commitment/versions.ts';
import { Role } from '#domain/event.ts';
import { paceInputsOf, paceOn, paces } from '#domain/pace.ts';
import { AgencyCode, PlainDate, Text, Value } from '#domain/values.ts';
import type { Milestone } from '#read-model/views/milestones.ts';

/** The records under a commitment, as its queries answer them. */

const Reason = Text.describe('With its language');
const VersionStatus = z.enum(['proposed', 'returned', 'approved']);

/** What became of a version, without its content. */
export const VersionNote = z
  .object({
    version: z.int(),
    change: Change,
    status: VersionStatus,
    author: z.string().optional().describe('Opaque id of who proposed it; seen by parties, reviewers and the secretariat'),
    authorRole: Role.optional().describe('In which role; the secretariat decides only on what it transcribed'),
    decidedOn: PlainDate.optional().describe('When it was approved or returned'),
    reason: Reason.optional().describe('Why it was returned'),
  })
  .meta({ id: 'VersionNote' });

function versionsOf<Content extends z.ZodType>(content: Content) {
  return z.array(VersionNote.extend({ content }));
}

function proposalOf<Content extends z.ZodType>(content: Content) {
  return VersionNote.extend({ content })
    .nullable()
    .describe('The latest version where it is not approved: proposed, or returned with a reason. Null for those who may not see it');
}

export const PaceJson = z
  .object({
    pace: z.enum(paces),
    on: PlainDate,
    actual: z.object({ value: Value, asOf: PlainDate, bound: z.string() }).nullable().describe('A: the observation that counts'),
    baseline: z.union([z.object({ value: Value, on: PlainDate, bound: z.string() }), z.literal('unknown')]).nullable().describe('B'),
    target: z.object({ value: Value, dueOn: PlainDate, bound: z.string() }).nullable().describe('T'),
    fromBaseline: z.string().nullable().describe('p, per cent'),
    timePassed: z.string().nullable().describe('e, per cent'),
    overall: z.string().nullable().describe('A / T, per cent, where the target rises from zero'),
    formula: z.string(),
  })
  .meta({ id: 'Pace' });

export const TargetJson = z
  .object({
    id: z.uuid(),
    status: VersionStatus.describe('Of the latest version'),
    version: z.int().nullable().describe('The approved one; null while there is none'),
    content: TargetContent.nullable().describe('Of the approved version'),
    direction: z.enum(['rising', 'falling']).nullable().describe('Which way is good; null for a qualitative target'),
    pace: PaceJson.nullable(),
    proposal: proposalOf(TargetContent),
    versions: z.array(VersionNote),
  })
  .meta({ id: 'Target' });
export const TargetDetailJson = TargetJson.extend({ versions: versionsOf(TargetContent) });

export const ProgressUpdateJson = z
  .object({
    id: z.uuid(),
    status: z.enum(['proposed', 'returned', 'published', 'verified', 'disputed', 'resolved', 'retracted']),
    agency: AgencyCode.describe('Who reports'),
    version: z.int().nullable().describe('The published one; null while there is none'),
    change: Change.nullable(),
    content: ReportedProgress.nullable().describe('Of the published version; of a retracted one too, as its tombstone'),
    publishedOn: PlainDate.nullable(),
    remark: Text.nullable().describe('A note on its verification, why it was disputed or retracted, or how that was resolved'),
    proposal: proposalOf(ReportedProgress),
    versions: z.array(VersionNote),
  })
  .meta({ id: 'ProgressUpdate' });
export const ProgressUpdateDetailJson = ProgressUpdateJson.extend({ versions: versionsOf(ReportedProgress) });

export const AmendmentJson = VersionNote.extend({
  id: z.string().describe('The version'),
  content: CommitmentContent,
}).meta({ id: 'Amendment' });

export const MilestoneJson = z
  .object({
    milestoneId: z.string(),
    title: Text,
    dueOn: PlainDate.nullable(),
    reachedOn: PlainDate.nullable(),
    overdue: z.boolean(),
  })
  .meta({ id: 'Milestone' });

export const ObstacleJson = z
  .object({
    id: z.uuid(),
    status: z.enum(['reported', 'resolved']),
    agency: AgencyCode,
    description: Text,
    reportedOn: PlainDate,
    resolvedOn: PlainDate.nullable(),
    resolution: Text.nullable(),
  })
  .meta({ id: 'Obstacle' });

const about = z.string().nullable().describe('The update, target or milestone that it is about; null for the commitment itself');

export const EvidenceJson = z
  .object({
    id: z.uuid(),
    status: z.enum(['reported', 'flagged']),
    about,
    evidence: Evidence,
    attachedOn: PlainDate,
    flagged: z.object({ on: PlainDate, reason: Text }).nullable(),
  })
  .meta({ id: 'AttachedEvidence' });

export const FindingJson = z
  .object({
    id: z.uuid(),
    status: z.enum(['raised', 'answered', 'closed']),
    about,
    finding: Text,
    raisedOn: PlainDate,
    answer: Text.nullable(),
    conclusion: Text.nullable(),
  })
  .meta({ id: 'Finding' });

export function targetDetailsJson({ targets, ...commitment }: CommitmentState, on: string): z.output<typeof TargetDetailJson>[] {
  const paceInputs = paceInputsOf({ targets, ...commitment });
  return Object.entries(targets).map(([id, { versions, direction }]) => {
    const approved = approvedOf(versions);
    return {
      id,
      status: versions.at(-1)!.status,
      version: approved?.version ?? null,
      content: approved?.content ?? null,
      direction: direction ?? null,
      pace: paceInputs[id] ? paceOn(paceInputs[id], on) : null,
      proposal: proposalIn(versions),
      versions: [...versions],
    };
  });
}

export function progressUpdateDetailsJson({ updates }: CommitmentState): z.output<typeof ProgressUpdateDetailJson>[] {
  return Object.entries(updates).map(([id, { versions, status, agency, remark }]) => {
    const published = approvedOf(versions);
    return {
      id,
      status,
      agency,
      version: published?.version ?? null,
      change: published?.change ?? null,
      content: published?.content ?? null,
      publishedOn: published?.decidedOn ?? null,
      remark: remark ?? null,
      proposal: proposalIn(versions),
      versions: [...versions],
    };
  });
}

export function amendmentsJson({ versions }: CommitmentState): z.output<typeof AmendmentJson>[] {
  return versions.map((version) => ({ id: String(version.version), ...version }));
}

export function milestonesJson({ versions, milestones, ending }: CommitmentState, on: string): z.output<typeof MilestoneJson>[] {
  const planned = (approvedOf(versions) ?? versions.at(-1))?.content.milestones ?? [];
  return planned.map(({ milestoneId, title, dueOn }) => {
    const reachedOn = Object.hasOwn(milestones, milestoneId) ? milestones[milestoneId] : undefined;
    return milestoneJson({ milestoneId, title, dueOn: dueOn ?? null, reachedOn: reachedOn ?? null }, ending?.on ?? null, on);
  });
}

/** Late where it was due before the day and neither reached nor given up with the commitment by then. */
export function milestoneJson({ milestoneId, title, dueOn, reachedOn }: Milestone, endedOn: string | null, on: string): z.output<typeof MilestoneJson> {
  const isOpen = (reachedOn === null || reachedOn > on) && (endedOn === null || endedOn > on);
  return { milestoneId, title, dueOn, reachedOn, overdue: isOpen && dueOn !== null && dueOn < on };
}

export function obstaclesJson({ obstacles }: CommitmentState): z.output<typeof ObstacleJson>[] {
  return Object.entries(obstacles).map(([id, { agency, description, reportedOn, resolvedOn, resolution }]) => ({
    id,
    status: resolvedOn === undefined ? 'reported' : 'resolved',
    agency,
    description,
    reportedOn,
    resolvedOn: resolvedOn ?? null,
    resolution: resolution ?? null,
  }));
}

export function evidenceJson({ evidence }: CommitmentState): z.output<typeof EvidenceJson>[] {
  return Object.entries(evidence).map(([id, attached]) => ({
    id,
    status: attached.flagged ? 'flagged' : 'reported',
    about: attached.about ?? null,
    evidence: attached.evidence,
    attachedOn: attached.attachedOn,
    flagged: attached.flagged ?? null,
  }));
}

export function findingsJson({ findings }: CommitmentState): z.output<typeof FindingJson>[] {
  return Object.entries(findings).map(([id, { finding, status, about, raisedOn, answer, conclusion }]) => ({
    id,
    status,
    about: about ?? null,
    finding,
    raisedOn,
    answer: answer ?? null,
    conclusion: conclusion ?? null,
  }));
}

/** Versions without what they say. */
export function withoutContents<Detail extends { versions: Version<unknown>[] }>(detail: Detail): Omit<Detail, 'versions'> & { versions: z.output<typeof VersionNote>[] } {
  return { ...detail, versions: notesOf(detail.versions) };
}

export function notesOf(versions: Versions<unknown>): z.output<typeof VersionNote>[] {
  return versions.map(({ content: _, ...note }) => note);
}

export function proposalIn<Content>(versions: Versions<Content>): Version<Content> | null {
  const last = versions.at(-1);
  return last && last.status !== 'approved' ? last : null;
}
