import { relieved, type Assignment } from '#domain/action-line/action-line.ts';
import type { Titles } from '#domain/values.ts';
import { int, ints, json, nullable, text } from './columns.ts';
import { ledgerView, streamId, type LedgerRow } from './ledger-view.ts';

/** By action line code. */
export interface ActionLineRow extends LedgerRow {
  revision: number;
  titles: Titles;
  sdgs: number[];
  /** Of the WSIS-SDG matrix that `sdgs` were read from; null until set. */
  matrixVersion: string | null;
  /** Who facilitates it or did, in the order in which they were assigned. */
  assignments: Assignment[];
}

export const actionLines = ledgerView<ActionLineRow>({
  name: 'action_lines',
  version: 1,
  columns: { revision: int, titles: json, sdgs: ints, matrixVersion: nullable(text), assignments: json },
  id: streamId,
  makes: {
    ActionLineDefined: ({ revision, data: { titles } }) => ({ revision, titles, sdgs: [], matrixVersion: null, assignments: [] }),
  },
  changes: {
    ActionLineRetitled: ({ revision, data: { titles } }, row) => ({ ...row, revision, titles }),
    SdgLinksSet: ({ revision, data: { sdgs, matrixVersion } }, row) => ({ ...row, revision, sdgs, matrixVersion }),
    FacilitatorAssigned: ({ revision, data }, row) => ({ ...row, revision, assignments: [...row.assignments, data] }),
    FacilitatorRelieved: ({ revision, data }, row) => ({ ...row, revision, assignments: relieved(row.assignments, data) }),
  },
});
