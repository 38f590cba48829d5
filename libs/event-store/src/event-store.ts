import type { NewEvent, RecordedEvent, RecordedText } from '#domain/event.ts';

/** Revision the stream must have for an append: 0 means "no such stream yet", 'any' means "whatever it is". */
export type ExpectedRevision = number | 'any';

export type AppendResult =
  /** `revision` and `position` are those of the last event of the append. */
  | { outcome: 'appended' | 'duplicate'; revision: number; position: number }
  | { outcome: 'conflict'; actualRevision: number };

export interface ReadStreamOptions {
  /** Only events with a revision above this one; 0 (all) unless given. */
  afterRevision?: number;
  /** Only events at or below this position; all unless given. */
  upToPosition?: number;
  /** At most so many; 1,000 unless given, and never more. */
  limit?: number;
}

/** The log. Every store passes the one contract suite beside this file. */
export interface EventStore {
  /**
   * Appends all events or none. A repeat (same event ids at the same expected revision) is found before a conflict
   * and answers 'duplicate' with the revision and position of the first time. Where any revision is expected, a
   * repeat is found while its events stand within the stream's most recent 1,000 revisions.
   *
   * An append whose acknowledgement was lost is sent again by the store, so its answer may be 'duplicate' although
   * the caller sent it once. Event ids are UUIDs in lower case; `data` is what JSON can hold, without control
   * characters other than newline and tab and without lone surrogates.
   * @throws EventStoreError
   */
  append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<AppendResult>;
  /**
   * One stream's events in order of revision; none for a stream that doesn't exist. Fewer than `limit` are all there
   * are.
   */
  readStream(stream: string, options?: ReadStreamOptions): Promise<RecordedEvent[]>;
  /**
   * Events of all streams above a position, in order of position; at most `limit` (1 to 10,000, else refused). A store
   * gives fewer where they are large; only where it gives none is there none.
   */
  readAll(after: number, limit: number): Promise<RecordedEvent[]>;
  /**
   * As `readAll`, for who hands events on without looking into their data. That of the types withheld, which nobody may
   * see, is not read at all.
   */
  readAllText(after: number, limit: number, withheld?: readonly string[]): Promise<RecordedText[]>;
  /** Position of the last event; 0 for an empty log. */
  head(): Promise<number>;
  /** Position of the last event recorded at or before an instant; 0 if there was none. */
  positionAt(instant: Date): Promise<number>;
  /**
   * Every event above a position, in order, in non-empty batches: first what is there, then what comes.
   * Survives lost connections, without an event skipped or given twice. Ends, without error, when the signal aborts
   * or the store is closed. Reads a batch (of 1 to 10,000, 500 unless given) only when it is asked for it.
   * @throws EventStoreError when the log is there but can't be read: not set up, or no right to
   */
  subscribe(after: number, signal: AbortSignal, batchSize?: number): AsyncIterable<RecordedEvent[]>;
  /** As `subscribe`, with events as `readAllText` gives them. */
  subscribeText(after: number, signal: AbortSignal, batchSize?: number, withheld?: readonly string[]): AsyncIterable<RecordedText[]>;
  /** Which server keeps the log, for those who look after it. */
  server(): Promise<LogServer>;
  /** Finishes appends under way, ends subscriptions, then lets go of every connection. */
  close(): Promise<void>;
}

export interface LogServer {
  product: 'PostgreSQL' | 'KurrentDB' | 'EventStoreDB';
  /** As the server tells it: 18.4, 26.0.1. */
  version: string;
  /** What it is among its like: primary, standby, leader, follower. */
  role: string;
}

export type EventStoreErrorCode =
  /** The log can't be reached, or did not answer in time. Whether the append happened is unknown: repeat it. */
  | 'EVENT_STORE.UNAVAILABLE'
  /** An event's data is above EVENT_DATA_BYTES_MAX, or an append above APPEND_BYTES_MAX. */
  | 'EVENT_STORE.EVENT_TOO_LARGE'
  /** Malformed stream name, empty append, too many events, or text that JSON text columns can't hold. */
  | 'EVENT_STORE.REFUSED'
  /** Events that a stream held are gone: it was truncated or deleted. What is left must not be taken for the whole. */
  | 'EVENT_STORE.TRUNCATED';

export class EventStoreError extends Error {
  constructor(
    readonly code: EventStoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'EventStoreError';
  }
}

/** Largest `data` of one event, in bytes of UTF-8 JSON. */
export const EVENT_DATA_BYTES_MAX = 256 * 1024;
/** Most events in one append. */
export const APPEND_EVENTS_MAX = 100;

/**
 * Most bytes of JSON, data and metadata, in one append: what every store takes in one piece. KurrentDB takes 1 MiB
 * (MaxAppendSize) with the names of types and some metadata of the store's own.
 */
export const APPEND_BYTES_MAX = 1_000_000;

/** Category of a stream: the text before the first dash. */
export function categoryOf(stream: string): string {
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
}
