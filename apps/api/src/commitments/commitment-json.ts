import { z } from 'zod';
import { CommitmentContent } from '#domain/commitment/content.ts';
import { RelianceSchema } from '#domain/commitment/register.ts';
import { isOverdue, PUBLIC_STATUSES, type CommitmentState, type CommitmentStatus, type Reliance } from '#domain/commitment/state.ts';
import { approvedOf } from '#domain/commitment/versions.ts';
import { paces, worst } from '#domain/pace.ts';
import { AgencyCode, PlainDate, Text, TranscribedFrom } from '#domain/values.ts';
import {
  evidenceJson,
  EvidenceJson,
  findingsJson,
  FindingJson,
  milestonesJson,
  MilestoneJson,
  notesOf,
  obstaclesJson,
  ObstacleJson,
  progressUpdateDetailsJson,
  ProgressUpdateJson,
  proposalIn,
  TargetJson,
  targetDetailsJson,
  VersionNote,
  withoutContents,
} from './record-json.ts';

export const CommitmentStatusName = z.enum(['submitted', 'returned', 'discarded', ...PUBLIC_STATUSES]);

/** IATI activity status codes. IATI has none for a draft, nor for what gave way to another. */
export const IATI_STATUS: Partial<Record<CommitmentStatus, number>> = { registered: 1, active: 2, 'completion-claimed': 3, closed: 4, withdrawn: 5, suspended: 6 };

/** Updates in the answer for the whole commitment; the others are had from their list. */
const LATEST_UPDATES = 20;

export const CommitmentJson = z
  .object({
    id: z.uuid(),
    status: CommitmentStatusName,
    iatiStatus: z.int().nullable().describe('IATI activity status code; null for drafts and what was superseded'),
    lead: AgencyCode,
    partners: z.array(z.object({ agency: AgencyCode, joinedOn: PlainDate, leftOn: PlainDate.optional() })),
    content: CommitmentContent.describe('The approved version; before registration the latest proposed or returned one'),
    contentVersion: z.int(),
    proposal: VersionNote.extend({ content: CommitmentContent }).nullable().describe('The latest version where it is not approved; for those who may see it'),
    versions: z.array(VersionNote).describe('Each can be had under amendments/{version}'),
    reliance: RelianceSchema.extend({ leadWithoutAssignment: z.boolean() }).nullable().describe('What the approval relied on; null before registration'),
    warnings: z.array(z.object({ code: z.enum(['LEAD_WITHOUT_ASSIGNMENT', 'SDG_OUTSIDE_MATRIX']), message: z.string() })),
    pace: z.enum(paces).nullable().describe("Its worst target's; null where it has none"),
    overdue: z.boolean(),
    targets: z.array(TargetJson),
    milestones: z.array(MilestoneJson),
    updates: z.object({ count: z.int(), latest: z.array(ProgressUpdateJson).describe(`${LATEST_UPDATES} at most, the newest first`) }),
    obstacles: z.array(ObstacleJson),
    evidence: z.array(EvidenceJson),
    findings: z.array(FindingJson),
    completion: z.object({ statement: Text, selfDeclared: z.boolean(), claimedOn: PlainDate }).nullable(),
    ending: z
      .object({ on: PlainDate, outcome: z.enum(['completed', 'partly', 'not']).optional(), assessment: Text.optional(), reason: Text.optional(), supersededBy: z.uuid().optional() })
      .nullable(),
    lastUpdateOn: PlainDate.nullable().describe('When the latest update that is not retracted was published'),
    registeredOn: PlainDate.nullable(),
    transcribedFrom: TranscribedFrom.nullable().describe('Where its registration was transcribed from'),
    on: PlainDate.describe('Day for which pace and lateness were worked out'),
    revision: z.int(),
    position: z.int().describe('Of its latest event in the log'),
  })
  .meta({ id: 'Commitment' });

/** Everything about a commitment for a day. @param state as far as the caller may see it */
export function commitmentJson(
  state: CommitmentState,
  { on, revision, position }: { on: string; revision: number; position: number },
): z.output<typeof CommitmentJson> {
  const shown = approvedOf(state.versions) ?? state.versions.at(-1)!;
  const targets = targetDetailsJson(state, on);
  const updates = progressUpdateDetailsJson(state);
  const steps = targets.flatMap(({ pace }) => (pace ? [pace.pace] : []));
  return {
    id: state.id,
    status: state.status as z.output<typeof CommitmentStatusName>,
    iatiStatus: IATI_STATUS[state.status] ?? null,
    lead: state.lead,
    partners: [...state.partners],
    content: shown.content,
    contentVersion: shown.version,
    proposal: proposalIn(state.versions),
    versions: notesOf(state.versions),
    reliance: state.reliance ? { ...state.reliance, leadWithoutAssignment: state.reliance.assignment === null } : null,
    warnings: warningsOf(state.lead, state.reliance),
    pace: steps.length > 0 ? worst(steps) : null,
    overdue: isOverdue(state, on),
    targets: targets.map(withoutContents),
    milestones: milestonesJson(state, on),
    updates: { count: updates.length, latest: updates.slice(-LATEST_UPDATES).reverse().map(withoutContents) },
    obstacles: obstaclesJson(state),
    evidence: evidenceJson(state),
    findings: findingsJson(state),
    completion: state.completion ?? null,
    ending: state.ending ?? null,
    lastUpdateOn: lastUpdateOn(state),
    registeredOn: state.registration?.registeredOn ?? null,
    transcribedFrom: state.registration?.transcribedFrom ?? null,
    on,
    revision,
    position,
  };
}

function lastUpdateOn({ updates }: CommitmentState): string | null {
  const published = Object.values(updates).flatMap(({ status, versions }) => (status === 'retracted' ? [] : (approvedOf(versions)?.decidedOn ?? [])));
  return published.sort().at(-1) ?? null;
}

function warningsOf(lead: string, reliance: Reliance | undefined): z.output<typeof CommitmentJson>['warnings'] {
  if (!reliance) return [];
  return [
    ...(reliance.assignment === null
      ? [{ code: 'LEAD_WITHOUT_ASSIGNMENT' as const, message: `lead without assignment: ${lead} facilitated none of the action lines when the content was approved` }]
      : []),
    ...reliance.sdgsOutsideMatrix.map((sdg) => ({
      code: 'SDG_OUTSIDE_MATRIX' as const,
      message: `the WSIS-SDG matrix links none of the action lines with SDG ${sdg}`,
    })),
  ];
}
