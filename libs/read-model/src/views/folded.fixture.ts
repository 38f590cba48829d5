import type { RecordedEvent } from '#domain/event.ts';
import { logOf, type History } from '#testing/given.ts';
import { foldBatch } from '../fold-batch.ts';
import { rowColumns, type View, type ViewRow } from '../view.ts';

/** A view's current rows, by id, after a log. Each is checked to be just what the view's table can hold. */
export function folded<Row extends ViewRow>(view: View<Row>, log: readonly RecordedEvent[]): Row[] {
  const rows = foldBatch(view, new Map(), log).flatMap(({ after }) => after ?? []);
  for (const row of rows) {
    expect(Object.keys(row).sort()).toEqual(rowColumns(view as unknown as View).sort());
    expect(Object.values(row)).not.toContain(undefined);
  }
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A view's current rows after some steps. */
export function rowsAfter<Row extends ViewRow>(view: View<Row>, ...history: History[]): Row[] {
  return folded(view, logOf(...history));
}

/** The only row after some steps. */
export function rowAfter<Row extends ViewRow>(view: View<Row>, ...history: History[]): Row {
  const rows = rowsAfter(view, ...history);
  expect(rows).toHaveLength(1);
  return rows[0]!;
}
