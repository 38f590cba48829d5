import type { Titles } from '#domain/values.ts';
import { int, json, nullable, text } from './columns.ts';
import { ledgerView, streamId, type LedgerRow } from './ledger-view.ts';

/** By indicator code. */
export interface IndicatorRow extends LedgerRow {
  /** How often it was defined or revised; targets name the one that their approval relied on. */
  revision: number;
  titles: Titles;
  unit: string;
  direction: 'rising' | 'falling';
  /** Decimal number as text; null where there is no bound. */
  min: string | null;
  max: string | null;
  sourceClass: string;
  measures: 'result' | 'context';
}

export const indicators = ledgerView<IndicatorRow>({
  name: 'indicators',
  version: 1,
  columns: {
    revision: int,
    titles: json,
    unit: text,
    direction: text,
    min: nullable(text),
    max: nullable(text),
    sourceClass: text,
    measures: text,
  },
  id: streamId,
  makes: {
    IndicatorDefined: ({ revision, data: { code: _, ...definition } }) => ({ revision, ...definition }),
  },
  changes: {
    IndicatorRevised: ({ revision, data }, row) => ({ ...row, revision, ...data }),
  },
});
