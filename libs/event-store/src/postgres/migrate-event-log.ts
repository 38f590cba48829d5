import pg from 'pg';
import { faultPoint } from '#platform/fault-point.ts';
import { appendBatchSql, findRepeatSql } from './sql/append-batch.sql.ts';
import { appendOneSql } from './sql/append-one.sql.ts';
import { eventLogRoleSql } from './sql/event-log-role.sql.ts';
import { eventLogTablesSql } from './sql/event-log-tables.sql.ts';
import { positionAtSql } from './sql/position-at.sql.ts';
import { resumeAboveSql } from './sql/resume-above.sql.ts';

/** In order; a version that was released is never changed, only followed by another. */
const migrations = [
  { version: 1, name: 'event log', sql: [eventLogTablesSql, findRepeatSql, appendBatchSql] },
  { version: 2, name: 'resume above', sql: [resumeAboveSql] },
  // Logs that were made before have an append_batch that inserts one by one.
  { version: 3, name: 'append in sets', sql: [appendBatchSql, appendOneSql] },
  { version: 4, name: 'no index of the time', sql: [positionAtSql, appendOneSql] },
];

/**
 * Brings the schema `event_log` of a database up to date: its table, functions, triggers and the role event_log_app.
 * May be called at any time, by several processes at once; each version is applied once, whole or not at all.
 * The URL's user becomes the owner: it may create schemas in the database and, the first time in a cluster, roles.
 * @throws Error when the database can't be reached, is not UTF-8, is newer than this program, or refuses the user
 */
export async function migrateEventLog(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'event-log-migrate' });
  // A lost connection fails the statement under way; without a listener it would also end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query("set lock_timeout = '60s'");
    // Held by the session; a second migration waits here, then finds nothing left to do.
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await requireUtf8(client);
    await ensureRole(client);
    await applyMissing(client);
  } finally {
    await client.end();
  }
}

/** Advisory lock of one migration at a time per database: "migrate" in ASCII. */
const MIGRATION_LOCK = '30794985107551333';
/** Roles belong to the cluster, where this database's advisory lock means nothing: another may change them at once. */
const ROLE_ATTEMPTS_MAX = 5;
const CONCURRENT_CHANGE_CODES = new Set(['23505', '42710', 'XX000', '40001']);

async function requireUtf8(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ encoding: string }>("select current_setting('server_encoding') as encoding");
  const encoding = rows[0]!.encoding;
  if (encoding !== 'UTF8') throw new Error(`the event log needs a database in UTF8, not ${encoding}`);
}

async function ensureRole(client: pg.Client): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query(eventLogRoleSql);
      return;
    } catch (error) {
      const concurrent = error instanceof pg.DatabaseError && CONCURRENT_CHANGE_CODES.has(error.code ?? '');
      if (!concurrent || attempt === ROLE_ATTEMPTS_MAX) throw error;
    }
  }
}

async function applyMissing(client: pg.Client): Promise<void> {
  await client.query('create schema if not exists event_log');
  await client.query(`create table if not exists event_log.migrations (
    version integer primary key, name text not null, applied_at timestamptz not null default now())`);
  const { rows } = await client.query<{ version: number }>('select version from event_log.migrations order by version');
  const applied = new Set(rows.map((row) => row.version));
  const newest = migrations.at(-1)!.version;
  const unknown = rows.find((row) => row.version > newest);
  if (unknown) throw new Error(`the event log has version ${unknown.version}; this program knows only up to ${newest}`);

  for (const { version, name, sql } of migrations.filter((migration) => !applied.has(migration.version))) {
    try {
      await client.query('begin');
      for (const statements of sql) await client.query(statements);
      await client.query('insert into event_log.migrations (version, name) values ($1, $2)', [version, name]);
      faultPoint('migration.migrated');
      await client.query('commit');
    } catch (error) {
      throw new Error(`migration ${version} (${name}) of the event log failed`, { cause: error });
    }
  }
}
