import type { Text } from '#domain/values.ts';
import { date, json, nullable, text } from './columns.ts';
import { currentIndex, index, ledgerView, recordId, streamId, type LedgerRow } from './ledger-view.ts';

export interface ObstacleRow extends LedgerRow {
  commitmentId: string;
  /** Agency that reported it. */
  agency: string;
  description: Text;
  status: 'reported' | 'resolved';
  reportedOn: string;
  resolvedOn: string | null;
  resolution: Text | null;
}

export const obstacles = ledgerView<ObstacleRow>({
  name: 'obstacles',
  version: 1,
  columns: {
    commitmentId: text,
    agency: text,
    description: json,
    status: text,
    reportedOn: date,
    resolvedOn: nullable(date),
    resolution: nullable(json),
  },
  indices: [index('commitmentId'), currentIndex('updatedPosition')],
  id: recordId('obstacleId'),
  makes: {
    ObstacleReported: (event) => ({
      commitmentId: streamId(event),
      agency: event.data.agency,
      description: event.data.description,
      status: 'reported',
      reportedOn: event.metadata.occurredOn,
      resolvedOn: null,
      resolution: null,
    }),
  },
  changes: {
    ObstacleResolved: ({ data, metadata }, row) => ({
      ...row,
      status: 'resolved',
      resolvedOn: metadata.occurredOn,
      resolution: data.resolution,
    }),
  },
});
