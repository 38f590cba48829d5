import type { ClientBase } from 'pg';
import type { RecordedEvent } from '#domain/event.ts';
import { foldBatch, touchedIds, type FoldedRow } from './fold-batch.ts';
import { addToRollup } from './rollup.ts';
import { STILL_VALID, rowColumns, viewSchema, type RowVersion, type View, type ViewRow } from './view.ts';

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
  if (view.history) await closeVersions(client, view, schema, folded);
  else await dropVersions(client, schema, folded);
  await insertVersions(client, view, schema, folded.flatMap((row) => (view.history ? row.versions : currentVersion(row))));
  if (view.contributions) await addToRollup(client, view, schema, folded);
}

async function loadRows(client: ClientBase, view: View, schema: string, ids: string[]): Promise<Map<string, ViewRow>> {
  const columns = rowColumns(view).map((column) => `"${column}"`).join(', ');
  const found = await client.query<ViewRow>(
    `select ${columns} from ${schema}.rows where id = any($1) and "validTo" = ${STILL_VALID}`,
    [ids],
  );
  return new Map(found.rows.map((row) => [row.id, row]));
}

async function closeVersions(client: ClientBase, view: View, schema: string, folded: FoldedRow[]): Promise<void> {
  const closed = folded.filter((row) => row.beforeEndedAt !== undefined);
  if (closed.length === 0) return;
  const forgotten = view.working.map((column) => `, "${column}" = null`).join('');
  const updated = await client.query(
    `update ${schema}.rows r set "validTo" = closed.at${forgotten}
     from unnest($1::text[], $2::bigint[]) as closed(id, at)
     where r.id = closed.id and r."validTo" = ${STILL_VALID}`,
    [closed.map((row) => row.id), closed.map((row) => row.beforeEndedAt)],
  );
  if (updated.rowCount !== closed.length) throw new Error(`closed ${updated.rowCount} of ${closed.length} rows`);
}

async function dropVersions(client: ClientBase, schema: string, folded: FoldedRow[]): Promise<void> {
  const dropped = folded.filter((row) => row.beforeEndedAt !== undefined).map((row) => row.id);
  if (dropped.length > 0) await client.query(`delete from ${schema}.rows where id = any($1)`, [dropped]);
}

function currentVersion(folded: FoldedRow): RowVersion[] {
  return folded.versions.filter((version) => version.validTo === STILL_VALID);
}

async function insertVersions(client: ClientBase, view: View, schema: string, versions: RowVersion[]): Promise<void> {
  if (versions.length === 0) return;
  const columns = rowColumns(view);
  const stored = versions.map((version) => storable(view, columns, version));
  await client.query(
    `insert into ${schema}.rows select * from json_populate_recordset(null::${schema}.rows, $1::json)`,
    [JSON.stringify(stored)],
  );
}

/** Refuses a row whose fields are not the table's columns: it would be loaded again as another row than was folded. */
function storable(view: View, columns: string[], version: RowVersion): RowVersion {
  const fields = version as unknown as Record<string, unknown>;
  for (const column of columns) if (fields[column] === undefined) throw new Error(`"${column}" is undefined; use null`);
  const unknown = Object.keys(fields).filter((field) => !['validFrom', 'validTo', ...columns].includes(field));
  if (unknown.length > 0) throw new Error(`there is no column for "${unknown.join('", "')}"`);
  if (version.validTo === STILL_VALID || view.working.length === 0) return version;
  return { ...version, ...Object.fromEntries(view.working.map((column) => [column, null])) };
}
