import type { Evidence } from '#domain/commitment/content.ts';
import type { Text } from '#domain/values.ts';
import { date, json, nullable, text } from './columns.ts';
import { currentIndex, index, ledgerView, recordId, streamId, type LedgerRow } from './ledger-view.ts';

/** Evidence that was attached to a commitment. What stands in its content or in an update's is told there. */
export interface EvidenceRow extends LedgerRow {
  commitmentId: string;
  /** The update, target or milestone that it is about; null for the commitment itself. */
  about: string | null;
  evidence: Evidence;
  class: Evidence['class'];
  /** Agency that wrote it; null where none of the registered ones did. */
  issuer: string | null;
  /** A flagged one stays, and proves nothing any more. */
  status: 'reported' | 'flagged';
  attachedOn: string;
  flaggedOn: string | null;
  flagReason: Text | null;
}

export const evidence = ledgerView<EvidenceRow>({
  name: 'evidence',
  version: 1,
  columns: {
    commitmentId: text,
    about: nullable(text),
    evidence: json,
    class: text,
    issuer: nullable(text),
    status: text,
    attachedOn: date,
    flaggedOn: nullable(date),
    flagReason: nullable(json),
  },
  indices: [index('commitmentId'), currentIndex('updatedPosition')],
  id: recordId('evidenceId'),
  makes: {
    EvidenceAttached: (event) => ({
      commitmentId: streamId(event),
      about: event.data.about ?? null,
      evidence: event.data.evidence,
      class: event.data.evidence.class,
      issuer: event.data.evidence.issuer ?? null,
      status: 'reported',
      attachedOn: event.metadata.occurredOn,
      flaggedOn: null,
      flagReason: null,
    }),
  },
  changes: {
    EvidenceFlagged: ({ data, metadata }, row) => ({
      ...row,
      status: 'flagged',
      flaggedOn: metadata.occurredOn,
      flagReason: data.reason,
    }),
  },
});
