import type { ReportedProgress } from '#domain/commitment/content.ts';
import type { UpdateStatus } from '#domain/commitment/state.ts';
import type { Change } from '#domain/commitment/versions.ts';
import type { Text } from '#domain/values.ts';
import { date, flag, int, json, nullable, position, text } from './columns.ts';
import { currentIndex, index, ledgerView, recordId, streamId, type LedgerRow } from './ledger-view.ts';
import { wholeObservations, type WholeObservation } from './observations.ts';

/** A progress update's published version, and what reviewers made of it. A retracted one stays, with the reason. */
export interface ProgressUpdateRow extends LedgerRow {
  commitmentId: string;
  version: number;
  change: Change;
  /** Agency that reports. */
  agency: string;
  periodFrom: string;
  periodTo: string;
  content: ReportedProgress;
  /** Those that are not disaggregated: what pace rests on. */
  observations: WholeObservation[];
  notAssessed: boolean;
  status: Exclude<UpdateStatus, 'proposed' | 'returned'>;
  /** A note on its verification, why it was disputed or retracted, or how that was resolved. */
  remark: Text | null;
  publishedOn: string;
  publishedPosition: number;
}

export const progressUpdates = ledgerView<ProgressUpdateRow>({
  name: 'progress_updates',
  version: 1,
  columns: {
    commitmentId: text,
    version: int,
    change: json,
    agency: text,
    periodFrom: date,
    periodTo: date,
    content: json,
    observations: json,
    notAssessed: flag,
    status: text,
    remark: nullable(json),
    publishedOn: date,
    publishedPosition: position,
  },
  indices: [index('commitmentId'), currentIndex('updatedPosition')],
  id: recordId('updateId'),
  makes: {
    ProgressPublished(event, row) {
      const { version, change, agency, content } = event.data;
      return {
        commitmentId: streamId(event),
        version,
        change,
        agency,
        periodFrom: content.from,
        periodTo: content.to,
        content,
        observations: wholeObservations(content),
        notAssessed: content.notAssessed !== undefined,
        // A dispute stands until a reviewer resolves it.
        ...(row?.status === 'disputed' ? { status: row.status, remark: row.remark } : { status: 'published' as const, remark: null }),
        publishedOn: event.metadata.occurredOn,
        publishedPosition: event.position,
      };
    },
  },
  changes: {
    ProgressVerified: ({ data }, row) => ({ ...row, status: 'verified', remark: data.note ?? null }),
    ProgressDisputed: ({ data }, row) => ({ ...row, status: 'disputed', remark: data.reason }),
    DisputeResolved: ({ data }, row) => ({ ...row, status: 'resolved', remark: data.resolution }),
    ProgressRetracted: ({ data }, row) => ({ ...row, status: 'retracted', remark: data.reason }),
  },
});
