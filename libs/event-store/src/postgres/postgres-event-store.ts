import pg from 'pg';
import type { EventMetadata, NewEvent, RecordedEvent, RecordedText } from '#domain/event.ts';
import { AppendBatcher, type BatchBounds } from '../append-batcher.ts';
import { checkAppend } from '../check-append.ts';
import {
  EventStoreError,
  type AppendResult,
  type EventStore,
  type ExpectedRevision,
  type LogServer,
  type ReadStreamOptions,
} from '../event-store.ts';
import { followLog } from '../follow-log.ts';
import { HeadWatch } from '../head-watch.ts';
import { READ_ALL_MAX, requireInteger, streamRange } from '../read-bounds.ts';
import type { StoreOptions } from '../store-options.ts';
import { AppendConnection } from './append-connection.ts';
import { connectionConfig, endPool } from './connections.ts';
import { listenForHead } from './listen-for-head.ts';
import { troubleOf, unavailable } from './postgres-errors.ts';
import { retryLostConnection } from './retry-lost-connection.ts';
import { sendBatch } from './send-batch.ts';

export interface PostgresEventStoreOptions extends StoreOptions, Partial<BatchBounds> {
  /** postgres:// or postgresql://, of any user that is a member of the role event_log_app. */
  url: string;
  /** Connections for reading; one more appends and one listens. 4 unless given. */
  readConnectionsMax?: number;
  /** How long an append waits for the log's lock. 5,000 unless given. */
  lockMs?: number;
}

/** The log in PostgreSQL: table `event_log.events`, which `migrateEventLog` makes. */
export class PostgresEventStore implements EventStore {
  private readonly writer: AppendConnection;
  private readonly readers: pg.Pool;
  private readonly headWatch: HeadWatch;
  private readonly batcher: AppendBatcher;
  private readonly closing = new AbortController();
  private readonly pollMs: number;
  private readonly onTrouble: (error: unknown) => void;
  private closed: Promise<void> | undefined;

  /** @throws EventStoreError EVENT_STORE.UNAVAILABLE when the log can't be reached, is not set up, or refuses the user */
  static async connect(options: PostgresEventStoreOptions): Promise<PostgresEventStore> {
    const store = new PostgresEventStore(options);
    try {
      await store.head();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  private constructor(options: PostgresEventStoreOptions) {
    const { url, readConnectionsMax = 4, pollMs = 1_000, lockMs = 5_000 } = options;
    this.pollMs = pollMs;
    this.onTrouble = options.onTrouble ?? (() => {});
    const bounds = { connectMs: 3_000, lockMs, statementMs: lockMs + 10_000 };
    this.writer = new AppendConnection(connectionConfig(url, 'event-log-append', bounds), this.onTrouble);
    this.readers = this.pool({ ...connectionConfig(url, 'event-log-read', bounds), max: readConnectionsMax });
    this.headWatch = new HeadWatch(listenForHead(connectionConfig(url, 'event-log-listen', bounds)), this.onTrouble);
    this.batcher = new AppendBatcher(async (batch) => {
      const start = performance.now();
      const results = await sendBatch(this.writer, batch);
      const events = batch.reduce((sum, append) => sum + append.events.length, 0);
      options.onBatch?.({ appends: batch.length, events, ms: performance.now() - start });
      return results;
    }, batchBounds(options));
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<AppendResult> {
    return this.batcher.append(checkAppend(stream, expected, events));
  }

  async readStream(stream: string, options: ReadStreamOptions = {}): Promise<RecordedEvent[]> {
    const { afterRevision, upToPosition, limit } = streamRange(stream, options);
    const rows = await this.read<EventRow>({
      name: 'read_stream',
      text: `${SELECT_EVENTS} where stream = $1 and revision > $2 and position <= $3 order by revision limit $4`,
      values: [stream, afterRevision, upToPosition, limit],
    });
    return rows.map((row) => toRecorded(row, parsed));
  }

  async readAll(after: number, limit: number): Promise<RecordedEvent[]> {
    const rows = await this.readPage(after, limit, []);
    return rows.map((row) => toRecorded(row, parsed));
  }

  async readAllText(after: number, limit: number, withheld: readonly string[] = []): Promise<RecordedText[]> {
    const rows = await this.readPage(after, limit, withheld);
    return rows.map((row) => toRecorded(row, (text) => text ?? ''));
  }

  async head(): Promise<number> {
    const [row] = await this.read<[position: string]>({
      name: 'head',
      text: 'select position from event_log.events order by position desc limit 1',
    });
    return Number(row?.[0] ?? 0);
  }

  async positionAt(instant: Date): Promise<number> {
    const time = instant.getTime();
    if (Number.isNaN(time)) throw new EventStoreError('EVENT_STORE.REFUSED', 'positionAt needs a valid date');
    // PostgreSQL and ISO 8601 write years outside these in different ways; nothing was recorded there.
    const within = new Date(Math.min(Math.max(time, 0), Date.UTC(9999, 0)));
    const [row] = await this.read<[position: string]>({
      name: 'position_at',
      text: 'select event_log.position_at($1) as position',
      values: [within.toISOString()],
    });
    return Number(row?.[0] ?? 0);
  }

  subscribe(after: number, signal: AbortSignal, batchSize?: number): AsyncIterable<RecordedEvent[]> {
    return this.follow((position, limit) => this.readAll(position, limit), after, signal, batchSize);
  }

  subscribeText(after: number, signal: AbortSignal, batchSize?: number, withheld?: readonly string[]): AsyncIterable<RecordedText[]> {
    return this.follow((position, limit) => this.readAllText(position, limit, withheld), after, signal, batchSize);
  }

  async server(): Promise<LogServer> {
    const [row] = await this.read<[version: string, standby: boolean]>({
      name: 'server',
      text: "select current_setting('server_version'), pg_is_in_recovery()",
    });
    // A packager's remark may follow: "18.4 (Debian 18.4-1)".
    return { product: 'PostgreSQL', version: row![0].split(' ')[0]!, role: row![1] ? 'standby' : 'primary' };
  }

  close(): Promise<void> {
    this.closed ??= this.letGo();
    return this.closed;
  }

  private async readPage(after: number, limit: number, withheld: readonly string[]): Promise<EventRow[]> {
    requireInteger('after', after, 0, Number.MAX_SAFE_INTEGER);
    requireInteger('limit', limit, 1, READ_ALL_MAX);
    return this.read({ name: 'read_all', text: SELECT_PAGE, values: [after, limit, PAGE_BYTES_MAX, withheld] });
  }

  private follow<Event extends RecordedEvent>(
    readPage: (after: number, limit: number) => Promise<Event[]>, after: number, signal: AbortSignal, batchSize = 500,
  ): AsyncIterable<Event[]> {
    requireInteger('after', after, 0, Number.MAX_SAFE_INTEGER);
    requireInteger('batchSize', batchSize, 1, READ_ALL_MAX);
    return followLog(after, AbortSignal.any([signal, this.closing.signal]), {
      readPage: (position) => readPage(position, batchSize),
      isPassing: (error) => error instanceof EventStoreError && troubleOf(error.cause) === 'connection',
      onTrouble: this.onTrouble,
      head: this.headWatch,
      pollMs: this.pollMs,
    });
  }

  private async letGo(): Promise<void> {
    this.closing.abort();
    await this.batcher.drain();
    await Promise.all([this.writer.end(), endPool(this.readers), this.headWatch.stop()]);
  }

  private pool(config: pg.PoolConfig): pg.Pool {
    const pool = new pg.Pool(config);
    // A connection lost while idle: the pool has dropped it already, and the next call makes another.
    pool.on('error', (error) => this.onTrouble(error));
    return pool;
  }

  /** Each row as an array, and JSON as text: an event is made of its row at once, without an object in between. */
  private async read<Row extends unknown[]>(query: pg.QueryConfig): Promise<Row[]> {
    if (this.closing.signal.aborted) throw new EventStoreError('EVENT_STORE.UNAVAILABLE', 'the event log is closing');
    if (this.readers.waitingCount >= READS_WAITING_MAX) throw new EventStoreError('EVENT_STORE.UNAVAILABLE', 'too many reads are waiting for the event log');
    try {
      const { rows } = await retryLostConnection(() => this.readers.query<Row>({ ...query, rowMode: 'array', types: JSON_AS_TEXT }), REREAD_PAUSES_MS);
      return rows;
    } catch (error) {
      throw unavailable(error);
    }
  }
}

/** Reads that may wait for a connection: some for each of the commands that an API has at work at once. */
export const READS_WAITING_MAX = 2_000;
/** A pool may hand out a connection that was lost a moment ago; reading again is harmless. */
const REREAD_PAUSES_MS = [50, 200];

const EVENT_COLUMNS = 'position, stream, revision, id, type, recorded_at, data, metadata';
const SELECT_EVENTS = `select ${EVENT_COLUMNS} from event_log.events`;

/** A page of readAll ends with the event by which its data reaches this size. */
const PAGE_BYTES_MAX = 16 * 1024 * 1024;
/** What is not compressed tells its size without being read: asking all for octet_length cost a fifth of the speed (measured). */
const SELECT_PAGE = `
  select ${EVENT_COLUMNS} from (
    select page.*, sum(case when pg_column_compression(data) is null then pg_column_size(data) else octet_length(data::text) end)
      over (order by position rows between unbounded preceding and 1 preceding) as bytes_before
    from (
      select position, stream, revision, id, type, recorded_at, case when type <> all($4) then data end as data, metadata
      from event_log.events where position > $1 order by position limit $2
    ) as page
  ) as sized where coalesce(bytes_before, 0) < $3 order by position`;

/** As the columns stand in EVENT_COLUMNS: int8 and JSON as text, no data where it is withheld. */
type EventRow = [position: string, stream: string, revision: number, id: string, type: string, recordedAt: Date, data: string | null, metadata: string];

const JSON_AS_TEXT: pg.CustomTypesConfig = {
  getTypeParser: (id: number, format?: 'text' | 'binary') => id === pg.types.builtins.JSON ? asIs : (pg.types.getTypeParser(id, format) as () => unknown),
};
const asIs = (text: string): string => text;

function toRecorded<Data>(
  [position, stream, revision, id, type, recordedAt, data, metadata]: EventRow, dataOf: (text: string | null) => Data,
): RecordedEvent<string, Data> {
  return {
    id, type, data: dataOf(data), metadata: JSON.parse(metadata) as EventMetadata, stream, revision, position: Number(position), recordedAt: recordedAt.toISOString(),
  };
}

function parsed(text: string | null): unknown {
  return JSON.parse(text!);
}

/**
 * Bounds found by measuring on two cores: larger batches no longer raise the rate, and a batch of this size still
 * takes milliseconds. The queue holds about a second of full load.
 */
function batchBounds(options: PostgresEventStoreOptions): BatchBounds {
  return {
    batchEventsMax: options.batchEventsMax ?? 1_000,
    batchBytesMax: options.batchBytesMax ?? 4 * 1024 * 1024,
    queueAppendsMax: options.queueAppendsMax ?? 20_000,
    queueBytesMax: options.queueBytesMax ?? 64 * 1024 * 1024,
    batchesMax: options.batchesMax ?? 2,
  };
}
