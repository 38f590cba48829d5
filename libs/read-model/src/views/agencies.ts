import type { Titles } from '#domain/values.ts';
import { date, int, json, text } from './columns.ts';
import { ledgerView, streamId, type LedgerRow } from './ledger-view.ts';

/** By agency code. */
export interface AgencyRow extends LedgerRow {
  revision: number;
  names: Titles;
  kind: 'un-entity' | 'other';
  registeredOn: string;
}

export const agencies = ledgerView<AgencyRow>({
  name: 'agencies',
  version: 1,
  columns: { revision: int, names: json, kind: text, registeredOn: date },
  id: streamId,
  makes: {
    AgencyRegistered: ({ revision, data: { names, kind }, metadata }) => ({ revision, names, kind, registeredOn: metadata.occurredOn }),
  },
  changes: {
    AgencyRenamed: ({ revision, data: { names } }, row) => ({ ...row, revision, names }),
  },
});
