import { AgencyRegistered } from './agency/register.ts';
import { AgencyRenamed } from './agency/rename.ts';
import { FacilitatorAssigned } from './action-line/assign-facilitator.ts';
import { ActionLineDefined } from './action-line/define.ts';
import { FacilitatorRelieved } from './action-line/relieve-facilitator.ts';
import { ActionLineRetitled } from './action-line/retitle.ts';
import { SdgLinksSet } from './action-line/set-sdg-links.ts';
import { IndicatorDefined } from './indicator/define.ts';
import { IndicatorRevised } from './indicator/revise.ts';
import { FindingAnswered } from './commitment/answer-finding.ts';
import { CommitmentAmended } from './commitment/approve-amendment.ts';
import { TargetApproved } from './commitment/approve-target.ts';
import { EvidenceAttached } from './commitment/attach-evidence.ts';
import { CompletionClaimed } from './commitment/claim-completion.ts';
import { FindingClosed } from './commitment/close-finding.ts';
import { CommitmentClosed } from './commitment/close.ts';
import { CompletionDeclined } from './commitment/decline-completion.ts';
import { CommitmentDiscarded } from './commitment/discard.ts';
import { ProgressDisputed } from './commitment/dispute-progress.ts';
import { EvidenceFlagged } from './commitment/flag-evidence.ts';
import { PartnerJoined } from './commitment/join.ts';
import { PartnerLeft } from './commitment/leave.ts';
import { AmendmentProposed } from './commitment/propose-amendment.ts';
import { TargetProposed } from './commitment/propose-target.ts';
import { ProgressPublished } from './commitment/publish-progress.ts';
import { FindingRaised } from './commitment/raise-finding.ts';
import { MilestoneReached } from './commitment/reach-milestone.ts';
import { CommitmentRegistered } from './commitment/register.ts';
import { ObstacleReported } from './commitment/report-obstacle.ts';
import { DisputeResolved } from './commitment/resolve-dispute.ts';
import { ObstacleResolved } from './commitment/resolve-obstacle.ts';
import { CommitmentResubmitted } from './commitment/resubmit.ts';
import { CommitmentResumed } from './commitment/resume.ts';
import { ProgressRetracted } from './commitment/retract-progress.ts';
import { AmendmentReturned } from './commitment/return-amendment.ts';
import { ProgressReturned } from './commitment/return-progress.ts';
import { TargetReturned } from './commitment/return-target.ts';
import { CommitmentReturned } from './commitment/return.ts';
import { CommitmentStarted } from './commitment/start.ts';
import { ProgressSubmitted } from './commitment/submit-progress.ts';
import { CommitmentSubmitted } from './commitment/submit.ts';
import { CommitmentSuperseded } from './commitment/supersede.ts';
import { CommitmentSuspended } from './commitment/suspend.ts';
import { ProgressVerified } from './commitment/verify-progress.ts';
import { CommitmentWithdrawn } from './commitment/withdraw.ts';
import { UnknownEventError, type EventType, type RecordedEvent } from './event.ts';
import { LogRestored } from './log-restored.ts';
import type { Category, EventOf } from './use-case.ts';

/** Every event type by the category of its stream. Names are unique across categories. */
export const eventTypes = {
  agency: [
    AgencyRegistered,
    AgencyRenamed,
  ],
  actionLine: [
    FacilitatorAssigned,
    ActionLineDefined,
    FacilitatorRelieved,
    ActionLineRetitled,
    SdgLinksSet,
  ],
  indicator: [
    IndicatorDefined,
    IndicatorRevised,
  ],
  commitment: [
    FindingAnswered,
    CommitmentAmended,
    TargetApproved,
    EvidenceAttached,
    CompletionClaimed,
    FindingClosed,
    CommitmentClosed,
    CompletionDeclined,
    CommitmentDiscarded,
    ProgressDisputed,
    EvidenceFlagged,
    PartnerJoined,
    PartnerLeft,
    AmendmentProposed,
    TargetProposed,
    ProgressPublished,
    FindingRaised,
    MilestoneReached,
    CommitmentRegistered,
    ObstacleReported,
    DisputeResolved,
    ObstacleResolved,
    CommitmentResubmitted,
    CommitmentResumed,
    ProgressRetracted,
    AmendmentReturned,
    ProgressReturned,
    TargetReturned,
    CommitmentReturned,
    CommitmentStarted,
    ProgressSubmitted,
    CommitmentSubmitted,
    CommitmentSuperseded,
    CommitmentSuspended,
    ProgressVerified,
    CommitmentWithdrawn,
  ],
} as const satisfies Record<Category, readonly EventType[]>;

/** Any event that a stream can hold. */
export type LedgerEvent = EventOf[Category];

/** A type and the category of its stream; `log` is what the log says of itself, which is no state's business. */
type KnownType = EventType & { category: Category | 'log' };

const byName: ReadonlyMap<string, KnownType> = new Map(
  Object.entries({ ...eventTypes, log: [LogRestored] }).flatMap(([category, types]) =>
    types.map((type) => [type.type, { ...type, category: category as KnownType['category'] }] as const),
  ),
);

/** Newest version of stored data that this build knows, for every type. */
export const SCHEMA_VERSION = 1;

/** The type of an event. @throws UnknownEventError for a type or version that newer software wrote: nobody may step over it */
export function requireKnown({ type, metadata }: Pick<RecordedEvent, 'type' | 'metadata'>): KnownType {
  const known = eventType(type);
  if (!known) throw new UnknownEventError(type);
  if (metadata.schemaVersion > SCHEMA_VERSION) throw new UnknownEventError(type, metadata.schemaVersion);
  return known;
}

/** The type of an event by its name; undefined for one that newer software wrote. */
export function eventType(name: string): KnownType | undefined {
  return byName.get(name);
}
