import type { RecordedEvent } from '#domain/event.ts';
import { STILL_VALID, type RowVersion, type View, type ViewRow } from './view.ts';

/** What a batch of events did to one row. */
export interface FoldedRow<Row extends ViewRow = ViewRow> {
  id: string;
  /** The row before the batch. */
  before: Row | undefined;
  /** The position at which the version from before the batch ended; undefined where it still holds, or there was none. */
  beforeEndedAt: number | undefined;
  /** The row after the batch. */
  after: Row | undefined;
  /** Every version that the batch made, oldest first. */
  versions: RowVersion<Row>[];
}

/** Folds events, in order, over the rows they touch. Pure: where a batch begins or ends makes no difference. */
export function foldBatch<Row extends ViewRow>(
  view: View<Row>,
  before: ReadonlyMap<string, Row>,
  events: readonly RecordedEvent[],
): FoldedRow<Row>[] {
  const folded = new Map<string, FoldedRow<Row>>();
  for (const event of events) {
    for (const id of distinct(view.keys(event))) {
      const row = folded.get(id) ?? untouched(id, before.get(id));
      folded.set(id, row);
      step(view, row, event);
    }
  }
  return [...folded.values()];
}

/** Ids of all rows that the events touch, each once. */
export function touchedIds(view: View, events: readonly RecordedEvent[]): string[] {
  return [...new Set(events.flatMap((event) => view.keys(event)))];
}

/** Nearly every event touches one row of a view, or none. */
export function distinct(ids: readonly string[]): Iterable<string> {
  return ids.length < 2 ? ids : new Set(ids);
}

function untouched<Row extends ViewRow>(id: string, before: Row | undefined): FoldedRow<Row> {
  return { id, before, beforeEndedAt: undefined, after: before, versions: [] };
}

function step<Row extends ViewRow>(view: View<Row>, folded: FoldedRow<Row>, event: RecordedEvent): void {
  const next = view.evolve(folded.after, event, folded.id) ?? undefined;
  if (next === folded.after) return;
  const open = folded.versions.at(-1);
  if (open?.validTo === STILL_VALID) open.validTo = event.position;
  else if (folded.after !== undefined) folded.beforeEndedAt = event.position;
  if (next !== undefined) {
    if (next.id !== folded.id) throw new Error(`the row for "${folded.id}" came out with id "${next.id}"`);
    folded.versions.push({ ...next, validFrom: event.position, validTo: STILL_VALID });
  }
  folded.after = next;
}
