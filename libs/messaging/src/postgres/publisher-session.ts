import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Checkpoint, PartitionCheckpoint } from '../checkpoint.ts';

/** PostgreSQL ends a session that says nothing for so long, and frees the lock: a paused process leads no longer. */
const IDLE_MS_MAX = 3_000;
const HEARTBEAT_MS = 1_000;
const QUERY_MS_MAX = 2_500;
/** Without an answered query for so long, this process must assume that another one leads. Below IDLE_MS_MAX. */
const SILENCE_MS_MAX = 2_500;
/** Any number that nothing else in this database locks. */
const LEADER_LOCK = 5_130_622_014;

/** Makes the tables of the publisher. Safe to call again, and by several at once. */
export async function migratePublisher(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(TABLES);
  } finally {
    await client.end();
  }
}

/** One simple query is one transaction, so the lock holds to its end. */
const TABLES = `
select pg_advisory_xact_lock(${LEADER_LOCK + 1});
create schema if not exists publisher;
create table if not exists publisher.progress (
  only_row boolean primary key default true check (only_row),
  position bigint not null
);
comment on table publisher.progress is 'Every public event up to this position was acknowledged by Kafka';
create table if not exists publisher.topic (
  topic text primary key,
  partitions integer not null check (partitions > 0)
);
comment on table publisher.topic is 'The number of partitions may never change: keys would move';
create table if not exists publisher.partition (
  topic text not null references publisher.topic,
  partition integer not null,
  "offset" bigint not null,
  position bigint not null,
  primary key (topic, partition)
);
comment on table publisher.partition is 'The last acknowledged record of each partition: its offset, and its position in the log';
`;

/** Another process may lead by now; whoever led must end. */
export class LeadershipLostError extends Error {
  override name = 'LeadershipLostError';
}

/**
 * The one connection by which a publisher leads and on which it keeps its checkpoint, so that who has lost the lead
 * can't move the checkpoint either. It needs a connection of its own to PostgreSQL, not one of a pooler's.
 */
export class PublisherSession {
  /** Aborts, with the reason, at the first query or heartbeat that fails. */
  readonly lost: AbortSignal;
  private readonly losing = new AbortController();
  private answeredAt = performance.now();
  private heartbeat: NodeJS.Timeout | undefined;

  private constructor(private readonly client: pg.Client) {
    this.lost = this.losing.signal;
  }

  /** @throws Error when the database can't be reached */
  static async open(url: string): Promise<PublisherSession> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'action-line-publisher',
      options: `-c idle_session_timeout=${IDLE_MS_MAX} -c idle_in_transaction_session_timeout=${IDLE_MS_MAX}`,
      connectionTimeoutMillis: 5_000,
      query_timeout: QUERY_MS_MAX,
      keepAlive: true,
    });
    const session = new PublisherSession(client);
    client.on('error', (error) => session.lose(error));
    await client.connect();
    session.beat();
    return session;
  }

  /** Waits until this session leads. False when the signal aborted first. */
  async lead(signal: AbortSignal): Promise<boolean> {
    const stop = AbortSignal.any([signal, this.lost]);
    for (;;) {
      if (signal.aborted) return false;
      const { rows } = await this.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [LEADER_LOCK]);
      if (rows[0]!.leads) return true;
      await delay(HEARTBEAT_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  /** @throws LeadershipLostError unless this session surely leads now. Ask before each step that others would see. */
  assertLeads(): void {
    if (performance.now() - this.answeredAt > SILENCE_MS_MAX) this.lose(new Error(`no answer for ${SILENCE_MS_MAX} ms`));
    if (this.lost.aborted) throw this.lost.reason as Error;
  }

  async load(): Promise<Checkpoint> {
    const progress = await this.query<{ position: string }>('select position from publisher.progress');
    const topics = await this.query<{ topic: string; partitions: number }>('select topic, partitions from publisher.topic');
    const partitions = await this.query<Row>('select topic, partition, "offset", position from publisher.partition');
    return {
      position: Number(progress.rows[0]?.position ?? 0),
      topics: new Map(topics.rows.map(({ topic, partitions: count }) => [topic, count])),
      partitions: partitions.rows.map((row) => ({ ...row, offset: Number(row.offset), position: Number(row.position) })),
    };
  }

  async saveTopic(topic: string, partitions: number): Promise<void> {
    await this.query('insert into publisher.topic values ($1, $2) on conflict do nothing', [topic, partitions]);
  }

  /** Position and partitions in one transaction; partitions that are not named stay as they are. */
  async save(position: number, partitions: readonly PartitionCheckpoint[]): Promise<void> {
    await this.query({ name: 'save', text: SAVE }, [position, JSON.stringify(partitions)]);
  }

  /**
   * From here on saves don't wait for the disk: a crash of PostgreSQL may take back the last moments of them, which
   * resuming finds in the topics. What resuming itself saves may move back, so it has to stay.
   */
  async saveLazily(): Promise<void> {
    await this.query('set synchronous_commit = off');
  }

  async close(): Promise<void> {
    clearInterval(this.heartbeat);
    this.client.removeAllListeners('error');
    this.client.on('error', () => undefined);
    await this.client.end().catch(() => undefined);
  }

  private beat(): void {
    this.heartbeat = setInterval(() => {
      this.query('select 1').catch(() => undefined);
    }, HEARTBEAT_MS);
  }

  private async query<R extends pg.QueryResultRow>(query: string | pg.QueryConfig, values: unknown[] = []): Promise<pg.QueryResult<R>> {
    if (this.lost.aborted) throw this.lost.reason as Error;
    const askedAt = performance.now();
    try {
      const result = await this.client.query<R>(query, values);
      this.answeredAt = askedAt;
      return result;
    } catch (error) {
      throw this.lose(error);
    }
  }

  private lose(cause: unknown): Error {
    clearInterval(this.heartbeat);
    const message = cause instanceof Error ? cause.message : String(cause);
    this.losing.abort(new LeadershipLostError(`the publisher's session with PostgreSQL is lost: ${message}`, { cause }));
    return this.lost.reason as Error;
  }
}

interface Row {
  topic: string;
  partition: number;
  offset: string;
  position: string;
}

const SAVE = `
with partitions as (
  insert into publisher.partition (topic, partition, "offset", position)
  select topic, partition, "offset", position
  from json_to_recordset($2) as given(topic text, partition integer, "offset" bigint, position bigint)
  on conflict (topic, partition) do update set "offset" = excluded."offset", position = excluded.position
)
insert into publisher.progress (position) values ($1)
on conflict (only_row) do update set position = excluded.position`;
