import pg from 'pg';
import type { RecordedText } from '#domain/event.ts';
import type { CopyTarget } from '../copy-log.ts';
import { migrateEventLog } from './migrate-event-log.ts';
import { troubleOf, unavailable } from './postgres-errors.ts';
import { PostgresEventStore } from './postgres-event-store.ts';
import { APPEND_LOCK } from './sql/append-batch.sql.ts';

/**
 * A PostgreSQL log that another is copied into. Its owner alone can: the application's role may not insert. Positions
 * go on from its end, 1, 2, 3, ... from an empty one. Each call is a transaction that holds the lock of all appends.
 */
export class PostgresCopyTarget implements CopyTarget {
  private constructor(
    readonly store: PostgresEventStore,
    private readonly owner: pg.Client,
    /** Position at which this copy found or left the log. */
    private head: number,
  ) {}

  /**
   * Makes the log's tables where they are missing.
   * @throws EventStoreError EVENT_STORE.UNAVAILABLE when the database can't be reached
   * @throws Error when the URL's user does not own the log, or the database is none for a log
   */
  static async open(url: string): Promise<PostgresCopyTarget> {
    const owner = await connect(url);
    try {
      await migrate(url);
      const { rows: [last] } = await owner.query<{ position: string }>('select max(position) as position from event_log.events');
      const store = await PostgresEventStore.connect({ url });
      return new PostgresCopyTarget(store, owner, Number(last!.position));
    } catch (error) {
      await owner.end();
      throw error;
    }
  }

  async copyIn(events: readonly RecordedText[]): Promise<void> {
    try {
      // Any other level keeps one snapshot from before the lock.
      await this.owner.query('begin isolation level read committed');
      await this.owner.query('select pg_advisory_xact_lock($1)', [APPEND_LOCK]);
      await this.requireToFollow(events);
      const head = this.head + events.length;
      await this.owner.query(INSERT, [this.head, ...columnsOf(events)]);
      await this.owner.query("select pg_notify('event_log_head', $1)", [String(head)]);
      await this.owner.query('commit');
      this.head = head;
    } catch (error) {
      // Where the connection is gone the server does so by itself.
      await this.owner.query('rollback').catch(() => {});
      if (error instanceof CopyRefusal) throw error;
      throw troubleOf(error) === 'data' ? new CopyRefusal("the target can't hold these events", { cause: error }) : unavailable(error);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.owner.end(), this.store.close()]);
  }

  /** What `append` sees to for its events: the end is where it was left, time does not fall, revisions have no gap. */
  private async requireToFollow(events: readonly RecordedText[]): Promise<void> {
    const { rows: [last] } = await this.owner.query<{ position: string; recorded_at: Date }>(
      'select position, recorded_at from event_log.events order by position desc limit 1');
    const head = Number(last?.position ?? 0);
    if (head !== this.head)
      throw new CopyRefusal(`somebody else has written to the target: it ends at position ${head}, and the copy had left it at ${this.head}`);

    let time = last?.recorded_at.toISOString() ?? '';
    const revisions = await this.revisionsOf([...new Set(events.map(({ stream }) => stream))]);
    for (const { stream, revision, id, recordedAt } of events) {
      const before = revisions.get(stream) ?? 0;
      if (revision !== before + 1) throw new CopyRefusal(`event ${id} is revision ${revision} of ${stream}, which the target holds up to revision ${before}`);
      if (recordedAt < time) throw new CopyRefusal(`event ${id} of ${stream} was recorded at ${recordedAt}, before the one that precedes it (${time})`);
      revisions.set(stream, revision);
      time = recordedAt;
    }
  }

  private async revisionsOf(streams: readonly string[]): Promise<Map<string, number>> {
    const { rows } = await this.owner.query<{ stream: string; revision: number }>(`
      select s.stream, coalesce((select e.revision from event_log.events e where e.stream = s.stream order by e.revision desc limit 1), 0) as revision
        from unnest($1::text[]) as s (stream)`, [streams]);
    return new Map(rows.map(({ stream, revision }) => [stream, revision]));
  }
}

class CopyRefusal extends Error {
  override name = 'CopyRefusal';
}

/** An idle transaction is that of a process that was paused in the middle of one: it would keep every append out. */
const BOUNDS: pg.ClientConfig = {
  connectionTimeoutMillis: 10_000,
  lock_timeout: 10_000,
  statement_timeout: 120_000,
  query_timeout: 125_000,
  idle_in_transaction_session_timeout: 30_000,
  keepAlive: true,
};

const INSERT = `
  insert into event_log.events (position, stream, revision, id, type, recorded_at, data, metadata)
  select $1::bigint + e.place, e.stream, e.revision, e.id, e.type, e.recorded_at, e.data::json, e.metadata::json
    from unnest($2::text[], $3::integer[], $4::uuid[], $5::text[], $6::timestamptz[], $7::text[], $8::text[])
      with ordinality as e (stream, revision, id, type, recorded_at, data, metadata, place)`;

function columnsOf(events: readonly RecordedText[]): unknown[][] {
  return [
    events.map(({ stream }) => stream),
    events.map(({ revision }) => revision),
    events.map(({ id }) => id),
    events.map(({ type }) => type),
    events.map(({ recordedAt }) => recordedAt),
    events.map(({ data }) => data),
    events.map(({ metadata }) => JSON.stringify(metadata)),
  ];
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'event-log-copy', ...BOUNDS });
  // A lost connection fails the statement under way; without a listener it would also end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw unavailable(error);
  }
}

async function migrate(url: string): Promise<void> {
  try {
    await migrateEventLog(url);
  } catch (error) {
    const reason = error instanceof Error && error.cause ? error.cause : error;
    if (reason instanceof pg.DatabaseError && reason.code === INSUFFICIENT_PRIVILEGE)
      throw new Error('only the owner of a log may copy into it: the URL of the target names another user', { cause: reason });
    throw error;
  }
}

const INSUFFICIENT_PRIVILEGE = '42501';
