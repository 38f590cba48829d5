import type { Text } from '#domain/values.ts';
import { date, json, nullable, text } from './columns.ts';
import { currentIndex, index, ledgerView, recordId, streamId, type LedgerRow } from './ledger-view.ts';

/** A finding, public from its answer on; before, it is a row of `proposals`. */
export interface FindingRow extends LedgerRow {
  commitmentId: string;
  /** The update, target or milestone that it is about; null for the commitment itself. */
  about: string | null;
  finding: Text;
  status: 'answered' | 'closed';
  raisedOn: string;
  answer: Text;
  answeredOn: string;
  conclusion: Text | null;
  closedOn: string | null;
}

export const findings = ledgerView<FindingRow>({
  name: 'findings',
  version: 1,
  columns: {
    commitmentId: text,
    about: nullable(text),
    finding: json,
    status: text,
    raisedOn: date,
    answer: json,
    answeredOn: date,
    conclusion: nullable(json),
    closedOn: nullable(date),
  },
  indices: [index('commitmentId'), currentIndex('updatedPosition')],
  id: recordId('findingId'),
  makes: {
    FindingAnswered(event) {
      const { about, finding, raisedOn, answer } = event.data;
      return {
        commitmentId: streamId(event),
        about: about ?? null,
        finding,
        status: 'answered',
        raisedOn,
        answer,
        answeredOn: event.metadata.occurredOn,
        conclusion: null,
        closedOn: null,
      };
    },
  },
  changes: {
    FindingClosed: ({ data, metadata }, row) => ({
      ...row,
      status: 'closed',
      conclusion: data.conclusion,
      closedOn: metadata.occurredOn,
    }),
  },
});
