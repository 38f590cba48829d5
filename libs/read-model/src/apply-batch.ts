import type { ClientBase } from 'pg';
import type { RecordedEvent } from '#domain/event.ts';
import { copyRows, lineMaker } from './copy-rows.ts';
import { foldBatch, touchedIds } from './fold-batch.ts';
import { addToRollup } from './rollup.ts';
import { STILL_VALID, rowColumns, viewSchema, type View, type ViewRow } from './view.ts';

/**
 * Brings one view's tables from just before the events to just after them: one query loads the rows they touch, the
 * fold happens in memory, a few statements write. The caller's transaction makes it all or nothing.
 *
 * @param schema where the tables are; the view's own unless it is being rebuilt.
 */
export async function applyBatch(
  client: ClientBase,
  view: View,
  events: readonly RecordedEvent[],
  schema: string = viewSchema(view),
): Promise<void> {
  const ids = touchedIds(view, events);
  if (ids.length === 0) return;
  const before = await loadRows(client, view, schema, ids);
  const folded = foldBatch(view, before, events);
  const ended = folded.flatMap(({ id, beforeEndedAt }) => (beforeEndedAt === undefined ? [] : [{ id, at: beforeEndedAt }]));
  await endVersions(client, view, schema, ended);
  const versions = folded.flatMap((row) => row.versions).filter((version) => view.history || version.validTo === STILL_VALID);
  const line = lineMaker(view);
  await copyRows(client, view, schema, versions.map((version) => line(version)));
  if (view.contributions) await addToRollup(client, view, schema, folded);
}

/** The rows of these ids that hold now. */
export async function loadRows(client: Pick<ClientBase, 'query'>, view: View, schema: string, ids: string[]): Promise<Map<string, ViewRow>> {
  const columns = rowColumns(view).map((column) => `"${column}"`).join(', ');
  const found = await client.query<ViewRow>(
    `select ${columns} from ${schema}.rows where id = any($1) and "validTo" = ${STILL_VALID}`,
    [ids],
  );
  return new Map(found.rows.map((row) => [row.id, row]));
}

/** Closes the versions that held so far, or drops them where the view keeps no history. */
export async function endVersions(client: ClientBase, view: View, schema: string, ended: readonly { id: string; at: number }[]): Promise<void> {
  if (ended.length === 0) return;
  const ids = ended.map(({ id }) => id);
  const forgotten = view.working.map((column) => `, "${column}" = null`).join('');
  const changed = view.history
    ? await client.query(
        `update ${schema}.rows r set "validTo" = closed.at${forgotten}
         from unnest($1::text[], $2::bigint[]) as closed(id, at)
         where r.id = closed.id and r."validTo" = ${STILL_VALID}`,
        [ids, ended.map(({ at }) => at)],
      )
    : await client.query(`delete from ${schema}.rows where id = any($1)`, [ids]);
  if (changed.rowCount !== ended.length) throw new Error(`closed ${changed.rowCount} of ${ended.length} rows`);
}
