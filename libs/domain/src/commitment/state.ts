import type { z } from 'zod';
import type { Text, TranscribedFrom } from '../values.ts';
import type { CommitmentContent, Evidence, ReportedProgress, TargetContent } from './content.ts';
import type { Assignment } from '../action-line/action-line.ts';
import { approvedOf, publicVersions, type Versions } from './versions.ts';

export type CommitmentStatus =
  | 'none'
  | 'submitted'
  | 'returned'
  | 'discarded'
  | 'registered'
  | 'active'
  | 'suspended'
  | 'completion-claimed'
  | 'closed'
  | 'withdrawn'
  | 'superseded';

export type UpdateStatus = 'proposed' | 'returned' | 'published' | 'verified' | 'disputed' | 'resolved' | 'retracted';

/** What the record relied on when its content was approved, so that nothing is looked up elsewhere later. */
export interface Reliance {
  /** The lead's assignment to one of the lines; null: "lead without assignment". */
  assignment: (Assignment & { actionLine: string }) | null;
  /** Version of the WSIS-SDG matrix by action line. */
  matrixVersions: Record<string, string>;
  /** Linked goals that the matrix does not show for any of the lines: a warning, never a refusal. */
  sdgsOutsideMatrix: number[];
}

export interface Partner {
  agency: string;
  joinedOn: string;
  leftOn?: string;
}

export interface TargetState {
  versions: Versions<TargetContent>;
  /** Of the indicator when the latest approved version was approved; undefined for a qualitative target. */
  direction: 'rising' | 'falling' | undefined;
}

export interface UpdateState {
  versions: Versions<ReportedProgress>;
  status: UpdateStatus;
  /** Agency that reports. */
  agency: string;
  /** Log position of the latest publication: the later of two equal observations wins. */
  publishedPosition: number;
  /** Why it was retracted or disputed, or how that was resolved. */
  remark?: Text;
}

export interface ObstacleState {
  description: Text;
  reportedOn: string;
  agency: string;
  resolvedOn?: string;
  resolution?: Text;
}

export interface EvidenceState {
  evidence: Evidence;
  /** The update, target or milestone that it is about; the commitment itself where absent. */
  about?: string | undefined;
  attachedOn: string;
  flagged?: { on: string; reason: Text };
}

export interface FindingState {
  finding: Text;
  about?: string | undefined;
  raisedOn: string;
  status: 'raised' | 'answered' | 'closed';
  answer?: Text;
  conclusion?: Text;
}

export interface CommitmentState {
  id: string;
  status: CommitmentStatus;
  lead: string;
  versions: Versions<CommitmentContent>;
  reliance: Reliance | undefined;
  /** When it was registered, and from where where the secretariat transcribed that. */
  registration?: { registeredOn: string; transcribedFrom?: z.output<typeof TranscribedFrom> };
  partners: readonly Partner[];
  targets: Readonly<Record<string, TargetState>>;
  /** Day on which each milestone was reached, by milestone. */
  milestones: Readonly<Record<string, string>>;
  updates: Readonly<Record<string, UpdateState>>;
  obstacles: Readonly<Record<string, ObstacleState>>;
  evidence: Readonly<Record<string, EvidenceState>>;
  findings: Readonly<Record<string, FindingState>>;
  completion?: { statement: Text; selfDeclared: boolean; claimedOn: string };
  /** How it ended. */
  ending?: { on: string; outcome?: 'completed' | 'partly' | 'not'; assessment?: Text; reason?: Text; supersededBy?: string };
}

export const noCommitment: CommitmentState = {
  id: '',
  status: 'none',
  lead: '',
  versions: [],
  reliance: undefined,
  partners: [],
  targets: {},
  milestones: {},
  updates: {},
  obstacles: {},
  evidence: {},
  findings: {},
};

/** In the order in which they are usually passed. */
export const PUBLIC_STATUSES = ['registered', 'active', 'suspended', 'completion-claimed', 'closed', 'withdrawn', 'superseded'] as const satisfies readonly CommitmentStatus[];
const ENDED: readonly CommitmentStatus[] = ['closed', 'withdrawn', 'superseded'];

/** Everyone may see it. */
export function isPublic({ status }: { status: CommitmentStatus }): boolean {
  return (PUBLIC_STATUSES as readonly CommitmentStatus[]).includes(status);
}

export function hasEnded({ status }: { status: CommitmentStatus }): boolean {
  return ENDED.includes(status);
}

/** From the day after its due date until its completion was claimed, or it ended. A claim that was declined counts no more. */
export function isOverdue({ versions, completion, ending }: CommitmentState, on: string): boolean {
  const dueOn = approvedOf(versions)?.content.dueOn;
  const until = completion?.claimedOn ?? ending?.on;
  return dueOn !== undefined && dueOn < on && (until === undefined || on < until);
}

/** Agencies that are partners now. */
export function partnersOf({ partners }: CommitmentState): string[] {
  return partners.filter((partner) => partner.leftOn === undefined).map((partner) => partner.agency);
}

/** The lead agency and the partners. */
export function partiesOf(commitment: CommitmentState): string[] {
  return [commitment.lead, ...partnersOf(commitment)];
}

/** The lead agency and whoever ever was a partner: who left does not become independent of what it did here. */
export function everPartiesOf({ lead, partners }: CommitmentState): string[] {
  return [lead, ...new Set(partners.map(({ agency }) => agency))];
}

/** What everyone may see: equal to the fold of the public events alone. Undefined until it was registered. */
export function publicPart(commitment: CommitmentState): CommitmentState | undefined {
  if (!isPublic(commitment)) return undefined;
  return {
    ...commitment,
    versions: publicVersions(commitment.versions),
    targets: mapPresent(commitment.targets, (target) => withVersions(target, publicVersions(target.versions))),
    updates: mapPresent(commitment.updates, (update) => withVersions(update, publicVersions(update.versions))),
    findings: mapPresent(commitment.findings, (finding) => (finding.status === 'raised' ? undefined : finding)),
  };
}

function withVersions<T extends { versions: Versions<unknown> }>(thing: T, versions: T['versions']): T | undefined {
  return versions.length > 0 ? { ...thing, versions } : undefined;
}

function mapPresent<T>(things: Readonly<Record<string, T>>, map: (thing: T) => T | undefined): Record<string, T> {
  const mapped: Record<string, T> = {};
  for (const [id, thing] of Object.entries(things)) {
    const present = map(thing);
    if (present !== undefined) mapped[id] = present;
  }
  return mapped;
}
