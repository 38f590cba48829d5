import type { CommitmentContent, ReportedProgress, TargetContent } from '#domain/commitment/content.ts';
import type { Change } from '#domain/commitment/versions.ts';
import type { LedgerEvent } from '#domain/events.ts';
import type { Actor, RecordedEvent } from '#domain/event.ts';
import type { Text } from '#domain/values.ts';
import { date, int, json, nullable, text } from './columns.ts';
import { index, ledgerView, streamId, type LedgerRow, type RowBody } from './ledger-view.ts';

/**
 * Whatever waits for somebody: versions to approve, returned ones to try again, findings to answer. Seen by the
 * parties, reviewers and the secretariat only. Its id is `{kind}/{subjectId}`: at most one version of a thing waits.
 */
export interface ProposalRow extends LedgerRow {
  commitmentId: string;
  kind: ProposalKind;
  /** The commitment (also of an amendment), target, update or finding. */
  subjectId: string;
  /** Null for a finding, as is `change`. */
  version: number | null;
  change: Change | null;
  content: CommitmentContent | TargetContent | ReportedProgress | RaisedFinding;
  /** A finding is raised, the others proposed or returned. */
  status: 'proposed' | 'returned' | 'raised';
  /** Why it was returned. */
  reason: Text | null;
  /** Id of the actor: nobody approves what they wrote. */
  author: string;
  authorAgency: string;
  /** The secretariat decides only on what it transcribed. */
  authorRole: Actor['role'];
  /** Lead of a commitment that is not registered yet; null for the other kinds, whose commitment tells it. */
  lead: string | null;
  proposedOn: string;
}

export type ProposalKind = 'commitment' | 'amendment' | 'target' | 'progress-update' | 'finding';

export interface RaisedFinding {
  about: string | null;
  finding: Text;
}

export const proposals = ledgerView<ProposalRow>({
  name: 'proposals',
  version: 1,
  restricted: true,
  // What was proposed stands in the log: history tells that it waited, and for whom.
  working: ['content'],
  columns: {
    commitmentId: text,
    kind: text,
    subjectId: text,
    version: nullable(int),
    change: nullable(json),
    content: nullable(json),
    status: text,
    reason: nullable(json),
    author: text,
    authorAgency: text,
    authorRole: text,
    lead: nullable(text),
    proposedOn: date,
  },
  indices: [index('commitmentId')],
  id(event) {
    const { kind, subjectId } = subjectOf(event);
    return `${kind}/${subjectId}`;
  },
  makes: {
    CommitmentSubmitted: (event) => ({ ...proposed(event, { ...event.data, change: { kind: 'new' } }), lead: event.data.lead }),
    AmendmentProposed: (event) => proposed(event, event.data),
    TargetProposed: (event) => proposed(event, event.data),
    ProgressSubmitted: (event) => proposed(event, event.data),
    // After a retraction there is nothing left to try again.
    ProgressReturned: (event, row) => (row ? returned(event, row) : null),
    FindingRaised: (event) => ({
      ...proposed(event, { version: null, change: null, content: { about: event.data.about ?? null, finding: event.data.finding } }),
      status: 'raised',
    }),
  },
  changes: {
    CommitmentResubmitted: (event, row) => ({ ...proposed(event, { ...event.data, change: { kind: 'new' } }), lead: row.lead }),
    CommitmentReturned: returned,
    AmendmentReturned: returned,
    TargetReturned: returned,
  },
  ends: [
    'CommitmentRegistered',
    'CommitmentDiscarded',
    'CommitmentAmended',
    'TargetApproved',
    'ProgressPublished',
    'ProgressRetracted',
    'FindingAnswered',
  ],
});

function proposed(event: LedgerEvent, version: Pick<ProposalRow, 'version' | 'change' | 'content'>): RowBody<ProposalRow> {
  const { actor, occurredOn } = event.metadata;
  return {
    commitmentId: streamId(event),
    ...subjectOf(event),
    version: version.version,
    change: version.change,
    content: version.content,
    status: 'proposed',
    reason: null,
    author: actor.id,
    authorAgency: actor.agency,
    authorRole: actor.role,
    lead: null,
    proposedOn: occurredOn,
  };
}

function returned({ data }: RecordedEvent<string, { reason: Text }>, row: ProposalRow): RowBody<ProposalRow> {
  return { ...row, status: 'returned', reason: data.reason };
}

function subjectOf(event: LedgerEvent): Pick<ProposalRow, 'kind' | 'subjectId'> {
  const { type, data } = event;
  if ('targetId' in data) return { kind: 'target', subjectId: data.targetId };
  if ('updateId' in data) return { kind: 'progress-update', subjectId: data.updateId };
  if ('findingId' in data) return { kind: 'finding', subjectId: data.findingId };
  const isAmendment = type === 'AmendmentProposed' || type === 'AmendmentReturned' || type === 'CommitmentAmended';
  return { kind: isAmendment ? 'amendment' : 'commitment', subjectId: streamId(event) };
}
