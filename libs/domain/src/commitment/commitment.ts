import { unknownEvent, type RecordedOf } from '../event.ts';
import type { StreamType } from '../use-case.ts';
import type { AmendmentReturned } from './return-amendment.ts';
import type { FindingAnswered } from './answer-finding.ts';
import type { CommitmentAmended } from './approve-amendment.ts';
import type { TargetApproved } from './approve-target.ts';
import type { EvidenceAttached } from './attach-evidence.ts';
import type { CompletionClaimed } from './claim-completion.ts';
import type { FindingClosed } from './close-finding.ts';
import type { CommitmentClosed } from './close.ts';
import type { CompletionDeclined } from './decline-completion.ts';
import type { CommitmentDiscarded } from './discard.ts';
import type { ProgressDisputed } from './dispute-progress.ts';
import type { EvidenceFlagged } from './flag-evidence.ts';
import type { PartnerJoined } from './join.ts';
import type { PartnerLeft } from './leave.ts';
import type { AmendmentProposed } from './propose-amendment.ts';
import type { TargetProposed } from './propose-target.ts';
import type { ProgressPublished } from './publish-progress.ts';
import type { FindingRaised } from './raise-finding.ts';
import type { MilestoneReached } from './reach-milestone.ts';
import type { CommitmentRegistered } from './register.ts';
import type { ObstacleReported } from './report-obstacle.ts';
import type { ObstacleResolved } from './resolve-obstacle.ts';
import type { DisputeResolved } from './resolve-dispute.ts';
import type { CommitmentResubmitted } from './resubmit.ts';
import type { CommitmentResumed } from './resume.ts';
import type { ProgressRetracted } from './retract-progress.ts';
import type { ProgressReturned } from './return-progress.ts';
import type { TargetReturned } from './return-target.ts';
import type { CommitmentReturned } from './return.ts';
import type { CommitmentStarted } from './start.ts';
import { noCommitment, type CommitmentState, type UpdateState } from './state.ts';
import type { ProgressSubmitted } from './submit-progress.ts';
import type { CommitmentSubmitted } from './submit.ts';
import type { CommitmentSuperseded } from './supersede.ts';
import type { CommitmentSuspended } from './suspend.ts';
import type { ProgressVerified } from './verify-progress.ts';
import { approved, approvedOf, proposed, returned } from './versions.ts';
import type { CommitmentWithdrawn } from './withdraw.ts';

export type CommitmentEvent = RecordedOf<
  | typeof CommitmentSubmitted
  | typeof CommitmentResubmitted
  | typeof CommitmentReturned
  | typeof CommitmentDiscarded
  | typeof CommitmentRegistered
  | typeof AmendmentProposed
  | typeof CommitmentAmended
  | typeof AmendmentReturned
  | typeof CommitmentStarted
  | typeof CommitmentSuspended
  | typeof CommitmentResumed
  | typeof CompletionClaimed
  | typeof CompletionDeclined
  | typeof CommitmentClosed
  | typeof CommitmentWithdrawn
  | typeof CommitmentSuperseded
  | typeof PartnerJoined
  | typeof PartnerLeft
  | typeof TargetProposed
  | typeof TargetApproved
  | typeof TargetReturned
  | typeof MilestoneReached
  | typeof ProgressSubmitted
  | typeof ProgressPublished
  | typeof ProgressReturned
  | typeof ProgressRetracted
  | typeof ProgressVerified
  | typeof ProgressDisputed
  | typeof DisputeResolved
  | typeof ObstacleReported
  | typeof ObstacleResolved
  | typeof EvidenceAttached
  | typeof EvidenceFlagged
  | typeof FindingRaised
  | typeof FindingAnswered
  | typeof FindingClosed
>;

export const commitmentStream: StreamType<CommitmentState, CommitmentEvent> = {
  category: 'commitment',
  initial: noCommitment,
  evolve,
  subject,
};

/** Folds one event. Works as well on the public events alone: an approving event carries all that it approves. */
function evolve(state: CommitmentState, event: CommitmentEvent): CommitmentState {
  const { occurredOn, actor, transcribedFrom } = event.metadata;
  switch (event.type) {
    case 'CommitmentSubmitted': {
      const { commitmentId: id, lead } = event.data;
      const versions = proposed(state.versions, { ...event.data, change: { kind: 'new' } }, actor);
      return { ...state, id, lead, status: 'submitted', versions };
    }
    case 'CommitmentResubmitted':
      return { ...state, status: 'submitted', versions: proposed(state.versions, { ...event.data, change: { kind: 'new' } }, actor) };
    case 'CommitmentReturned':
      return { ...state, status: 'returned', versions: returned(state.versions, event.data, occurredOn) };
    case 'CommitmentDiscarded':
      return { ...state, status: 'discarded' };
    case 'CommitmentRegistered': {
      const { commitmentId: id, lead, reliance } = event.data;
      const versions = approved(state.versions, { ...event.data, change: { kind: 'new' } }, occurredOn);
      const registration = { registeredOn: occurredOn, ...(transcribedFrom && { transcribedFrom }) };
      return { ...state, id, lead, status: 'registered', reliance, registration, versions };
    }
    case 'AmendmentProposed':
      return { ...state, versions: proposed(state.versions, event.data, actor) };
    case 'CommitmentAmended':
      return { ...state, reliance: event.data.reliance, versions: approved(state.versions, event.data, occurredOn) };
    case 'AmendmentReturned':
      return { ...state, versions: returned(state.versions, event.data, occurredOn) };

    case 'CommitmentStarted':
    case 'CommitmentResumed':
      return { ...state, status: 'active' };
    case 'CommitmentSuspended':
      return { ...state, status: 'suspended' };
    case 'CompletionClaimed':
      return { ...state, status: 'completion-claimed', completion: { ...event.data, claimedOn: occurredOn } };
    case 'CompletionDeclined': {
      const { completion: _, ...rest } = state;
      return { ...rest, status: 'active' };
    }
    case 'CommitmentClosed':
      return { ...state, status: 'closed', ending: { on: occurredOn, ...event.data } };
    case 'CommitmentWithdrawn':
      return { ...state, status: 'withdrawn', ending: { on: occurredOn, reason: event.data.reason } };
    case 'CommitmentSuperseded':
      return { ...state, status: 'superseded', ending: { on: occurredOn, reason: event.data.reason, supersededBy: event.data.by } };

    case 'PartnerJoined':
      return { ...state, partners: [...state.partners, { agency: event.data.agency, joinedOn: occurredOn }] };
    case 'PartnerLeft':
      return {
        ...state,
        partners: state.partners.map((partner) =>
          partner.agency === event.data.agency && partner.leftOn === undefined ? { ...partner, leftOn: occurredOn } : partner,
        ),
      };

    case 'TargetProposed': {
      const target = state.targets[event.data.targetId] ?? { versions: [], direction: undefined };
      return withTarget(state, event.data.targetId, { ...target, versions: proposed(target.versions, event.data, actor) });
    }
    case 'TargetApproved': {
      const versions = state.targets[event.data.targetId]?.versions ?? [];
      return withTarget(state, event.data.targetId, {
        versions: approved(versions, event.data, occurredOn),
        direction: event.data.indicator?.direction,
      });
    }
    case 'TargetReturned': {
      const target = state.targets[event.data.targetId]!;
      return withTarget(state, event.data.targetId, { ...target, versions: returned(target.versions, event.data, occurredOn) });
    }
    case 'MilestoneReached':
      return { ...state, milestones: { ...state.milestones, [event.data.milestoneId]: occurredOn } };

    case 'ProgressSubmitted': {
      const { updateId, agency } = event.data;
      const update = state.updates[updateId] ?? { versions: [], status: 'proposed', agency, publishedPosition: 0 };
      const status = approvedOf(update.versions) ? update.status : 'proposed';
      return withUpdate(state, updateId, { ...update, status, versions: proposed(update.versions, event.data, actor) });
    }
    case 'ProgressPublished': {
      const { updateId, agency } = event.data;
      const before = state.updates[updateId];
      const versions = approved(before?.versions ?? [], event.data, occurredOn);
      const published = { versions, agency, publishedPosition: event.position };
      // A new version clears verification; a dispute stands until a reviewer resolves it, or the lead could end it alone.
      const isDisputed = before?.status === 'disputed';
      return withUpdate(state, updateId, isDisputed ? { ...before, ...published } : { ...published, status: 'published' });
    }
    case 'ProgressReturned': {
      const update = state.updates[event.data.updateId]!;
      const status = approvedOf(update.versions) ? update.status : 'returned';
      return withUpdate(state, event.data.updateId, { ...update, status, versions: returned(update.versions, event.data, occurredOn) });
    }
    case 'ProgressRetracted':
      return remarked(state, event.data.updateId, 'retracted', event.data.reason);
    case 'ProgressVerified':
      return remarked(state, event.data.updateId, 'verified', event.data.note);
    case 'ProgressDisputed':
      return remarked(state, event.data.updateId, 'disputed', event.data.reason);
    case 'DisputeResolved':
      return remarked(state, event.data.updateId, 'resolved', event.data.resolution);

    case 'ObstacleReported': {
      const { obstacleId, agency, description } = event.data;
      return { ...state, obstacles: { ...state.obstacles, [obstacleId]: { description, agency, reportedOn: occurredOn } } };
    }
    case 'ObstacleResolved': {
      const { obstacleId, resolution } = event.data;
      const obstacle = { ...state.obstacles[obstacleId]!, resolvedOn: occurredOn, resolution };
      return { ...state, obstacles: { ...state.obstacles, [obstacleId]: obstacle } };
    }
    case 'EvidenceAttached': {
      const { evidenceId, about, evidence } = event.data;
      return { ...state, evidence: { ...state.evidence, [evidenceId]: { evidence, about, attachedOn: occurredOn } } };
    }
    case 'EvidenceFlagged': {
      const { evidenceId, reason } = event.data;
      const flagged = { ...state.evidence[evidenceId]!, flagged: { on: occurredOn, reason } };
      return { ...state, evidence: { ...state.evidence, [evidenceId]: flagged } };
    }
    case 'FindingRaised': {
      const { findingId, about, finding } = event.data;
      return { ...state, findings: { ...state.findings, [findingId]: { about, finding, raisedOn: occurredOn, status: 'raised' } } };
    }
    case 'FindingAnswered': {
      const { findingId, about, finding, raisedOn, answer } = event.data;
      return { ...state, findings: { ...state.findings, [findingId]: { about, finding, raisedOn, status: 'answered', answer } } };
    }
    case 'FindingClosed': {
      const { findingId, conclusion } = event.data;
      return { ...state, findings: { ...state.findings, [findingId]: { ...state.findings[findingId]!, status: 'closed', conclusion } } };
    }
    default:
      return unknownEvent(event);
  }
}

/** What a command is answered with: the thing it made or changed, and that thing's status. */
function subject(state: CommitmentState, event: CommitmentEvent): { id: string; status: string } {
  const { data } = event;
  if (event.type === 'ProgressSubmitted') return { id: event.data.updateId, status: 'proposed' };
  if (event.type === 'ProgressReturned') return { id: event.data.updateId, status: 'returned' };
  if ('updateId' in data) return { id: data.updateId, status: state.updates[data.updateId]!.status };
  if ('targetId' in data) return { id: data.targetId, status: state.targets[data.targetId]!.versions.at(-1)!.status };
  if ('obstacleId' in data) return { id: data.obstacleId, status: state.obstacles[data.obstacleId]!.resolvedOn ? 'resolved' : 'reported' };
  if ('evidenceId' in data) return { id: data.evidenceId, status: state.evidence[data.evidenceId]!.flagged ? 'flagged' : 'reported' };
  if ('findingId' in data) return { id: data.findingId, status: state.findings[data.findingId]!.status };
  if ('milestoneId' in data) return { id: data.milestoneId, status: 'reached' };
  if (event.type === 'AmendmentProposed' || event.type === 'AmendmentReturned' || event.type === 'CommitmentAmended')
    return { id: String(event.data.version), status: state.versions.at(-1)!.status };
  return { id: state.id, status: state.status };
}

function withTarget(state: CommitmentState, id: string, target: CommitmentState['targets'][string]): CommitmentState {
  return { ...state, targets: { ...state.targets, [id]: target } };
}

function withUpdate(state: CommitmentState, id: string, update: UpdateState): CommitmentState {
  return { ...state, updates: { ...state.updates, [id]: update } };
}

function remarked(state: CommitmentState, id: string, status: UpdateState['status'], remark: UpdateState['remark']): CommitmentState {
  const { remark: _, ...update } = state.updates[id]!;
  return withUpdate(state, id, { ...update, status, ...(remark && { remark }) });
}
