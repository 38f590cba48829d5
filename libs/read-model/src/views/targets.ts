import type { TargetContent } from '#domain/commitment/content.ts';
import type { Change } from '#domain/commitment/versions.ts';
import { date, int, json, nullable, text } from './columns.ts';
import { index, ledgerView, recordId, streamId, type LedgerRow } from './ledger-view.ts';

/** A target's approved version. Its pace is worked out from what is reported, whenever the target was approved. */
export interface TargetRow extends LedgerRow {
  commitmentId: string;
  version: number;
  change: Change;
  kind: TargetContent['kind'];
  content: TargetContent;
  /** Of a quantitative target, as the next two. */
  indicator: string | null;
  unit: string | null;
  direction: 'rising' | 'falling' | null;
  dueOn: string | null;
  approvedOn: string;
}

export const targets = ledgerView<TargetRow>({
  name: 'targets',
  version: 1,
  columns: {
    commitmentId: text,
    version: int,
    change: json,
    kind: text,
    content: json,
    indicator: nullable(text),
    unit: nullable(text),
    direction: nullable(text),
    dueOn: nullable(date),
    approvedOn: date,
  },
  indices: [index('commitmentId')],
  id: recordId('targetId'),
  makes: {
    TargetApproved(event) {
      const { version, change, content, indicator } = event.data;
      return {
        commitmentId: streamId(event),
        version,
        change,
        kind: content.kind,
        content,
        indicator: content.kind === 'quantitative' ? content.indicator : null,
        unit: content.kind === 'quantitative' ? content.unit : null,
        direction: indicator?.direction ?? null,
        dueOn: content.dueOn ?? null,
        approvedOn: event.metadata.occurredOn,
      };
    },
  },
});
