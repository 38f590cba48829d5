import { convertToCommandError, END, START, streamNameFilter, type KurrentDBClient } from '@kurrent/kurrentdb-client';
import { LRUCache } from 'lru-cache';
import type { NewEvent, RecordedEvent, RecordedText } from '#domain/event.ts';
import { AppendBatcher } from '../append-batcher.ts';
import { checkAppend, type CheckedAppend } from '../check-append.ts';
import { EventStoreError, type AppendResult, type EventStore, type ExpectedRevision, type LogServer, type ReadStreamOptions } from '../event-store.ts';
import { followLog } from '../follow-log.ts';
import { HeadWatch } from '../head-watch.ts';
import { READ_ALL_MAX, requireInteger, streamRange } from '../read-bounds.ts';
import type { StoreOptions } from '../store-options.ts';
import { sendBatch } from './append.ts';
import { connectTo, disconnect, parseKurrentDbUrl, serverOf } from './connection.ts';
import { isPassing, truncated, unavailable } from './kurrentdb-errors.ts';
import { listenTo } from './listen-to.ts';
import { LogClock } from './log-clock.ts';
import { READ_EVENTS_MAX, Reads, within, type LogRange, type ServerEvent } from './reads.ts';
import { recordedAtOf, toRecorded, toRecordedText } from './recorded.ts';

/**
 * The log in KurrentDB, or EventStoreDB 23.10: stream `agency-UNDP` is `{log}.agency-UNDP` there. Positions are those of
 * the server's transaction log. The leader answers everything; only pages of the log may come from another node, where
 * the URL prefers one, and may then be behind.
 */
export class KurrentDbEventStore implements EventStore {
  private readonly leader: KurrentDBClient;
  private readonly preferred: KurrentDBClient;
  private readonly prefix: string;
  private readonly atLeader: Reads;
  private readonly pages: Reads;
  private readonly clock: LogClock;
  private readonly batcher: AppendBatcher;
  private readonly headWatch: HeadWatch;
  /** By position: the event there, or before it, from which to read on; the server can read from no other place. */
  private readonly places = new LRUCache<number, number>({ max: PLACES_MAX });
  private readonly closing = new AbortController();
  private readonly pollMs: number;
  private readonly onTrouble: (error: unknown) => void;
  private closed: Promise<void> | undefined;

  /** @throws EventStoreError EVENT_STORE.UNAVAILABLE when the log can't be reached, or refuses the user */
  static async connect(url: string, options: StoreOptions = {}): Promise<KurrentDbEventStore> {
    const store = new KurrentDbEventStore(url, options);
    try {
      await store.head();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  private constructor(url: string, { pollMs = 1_000, onTrouble = () => {}, onBatch }: StoreOptions) {
    const address = parseKurrentDbUrl(url);
    this.pollMs = pollMs;
    this.onTrouble = onTrouble;
    this.prefix = `${address.log}.`;
    this.leader = connectTo(address.toLeader);
    this.atLeader = new Reads(this.leader, this.prefix, true);
    const prefersLeader = address.nodePreference === 'leader';
    this.preferred = prefersLeader ? this.leader : connectTo(address.toPreferred);
    this.pages = prefersLeader ? this.atLeader : new Reads(this.preferred, this.prefix, false);
    this.clock = new LogClock(this.leader, this.atLeader, `${address.log}-clock`, onTrouble);
    const filter = streamNameFilter({ prefixes: [this.prefix] });
    this.headWatch = new HeadWatch(listenTo(() => this.preferred.subscribeToAll({ fromPosition: END, filter })), onTrouble);
    const log = { client: this.leader, reads: this.atLeader, clock: this.clock, nameOf: (stream: string) => this.prefix + stream };
    this.batcher = new AppendBatcher(async (batch) => {
      const start = performance.now();
      const results = await sendBatch(log, batch);
      for (const result of results) if (result.status === 'fulfilled' && result.value.outcome === 'appended') this.know(result.value.position);
      onBatch?.({ appends: batch.length, events: eventsIn(batch), ms: performance.now() - start });
      return results;
    }, BATCH_BOUNDS);
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<AppendResult> {
    return this.batcher.append(checkAppend(stream, expected, events));
  }

  async readStream(stream: string, options: ReadStreamOptions = {}): Promise<RecordedEvent[]> {
    const { afterRevision, upToPosition, limit } = streamRange(stream, options);
    this.throwIfClosing();
    const events = await this.atLeader.stream({ stream: this.prefix + stream, from: afterRevision, count: limit });
    await this.throwIfTruncated(stream, events, afterRevision);
    return events.map((event) => toRecorded(event, this.prefix)).filter(({ position }) => position <= upToPosition);
  }

  async readAll(after: number, limit: number): Promise<RecordedEvent[]> {
    return (await this.readPage(after, limit)).map((event) => toRecorded(event, this.prefix));
  }

  async readAllText(after: number, limit: number, withheld: readonly string[] = []): Promise<RecordedText[]> {
    return (await this.readPage(after, limit)).map((event) => toRecordedText(event, this.prefix, withheld));
  }

  async head(): Promise<number> {
    this.throwIfClosing();
    const [last] = await this.atLeader.log({ from: END, count: 1, backwards: true });
    return last ? this.know(last.position) : 0;
  }

  async positionAt(instant: Date): Promise<number> {
    const time = instant.getTime();
    if (Number.isNaN(time)) throw new EventStoreError('EVENT_STORE.REFUSED', 'positionAt needs a valid date');
    this.throwIfClosing();
    const record = await this.clock.recordBefore({ recordedAt: time });
    if (!record) return 0;
    // No event before the record came later than it, so the last one at or before the instant lies there or just behind.
    const [before] = await this.atLeader.log({ from: record.position, count: 1, backwards: true });
    let last = before && before.position;
    for await (const event of this.eventsFrom(this.atLeader, record.position)) {
      if (recordedAtOf(event) > time) break;
      last = event.position;
    }
    return last === undefined ? 0 : this.know(last);
  }

  subscribe(after: number, signal: AbortSignal, batchSize?: number): AsyncIterable<RecordedEvent[]> {
    return this.follow((position, limit) => this.readAll(position, limit), after, signal, batchSize);
  }

  subscribeText(after: number, signal: AbortSignal, batchSize?: number, withheld?: readonly string[]): AsyncIterable<RecordedText[]> {
    return this.follow((position, limit) => this.readAllText(position, limit, withheld), after, signal, batchSize);
  }

  async server(): Promise<LogServer> {
    this.throwIfClosing();
    try {
      return await within(ANSWER_MS, serverOf(this.leader));
    } catch (error) {
      throw unavailable(convertToCommandError(error as Error));
    }
  }

  close(): Promise<void> {
    this.closed ??= this.letGo();
    return this.closed;
  }

  private async letGo(): Promise<void> {
    this.closing.abort();
    await this.batcher.drain();
    await Promise.all([this.clock.close(), this.headWatch.stop()]);
    await Promise.all([...new Set([this.leader, this.preferred])].map(disconnect));
  }

  private async readPage(after: number, limit: number): Promise<ServerEvent[]> {
    requireInteger('after', after, 0, Number.MAX_SAFE_INTEGER);
    requireInteger('limit', limit, 1, READ_ALL_MAX);
    this.throwIfClosing();
    const page: ServerEvent[] = [];
    let bytes = 0;
    for await (const event of this.eventsFrom(this.pages, await this.startBefore(after), limit + 1)) {
      if (event.position <= after) {
        this.places.set(after, event.position);
        continue;
      }
      page.push(event);
      bytes += event.data.length;
      if (page.length === limit || bytes >= PAGE_BYTES_MAX) break;
    }
    if (page.length > 0) this.know(page.at(-1)!.position);
    return page;
  }

  /** A place to read from that is no later than what comes behind the position. */
  private async startBefore(after: number): Promise<LogRange['from']> {
    if (after === 0) return START;
    return this.places.get(after) ?? (await this.clock.recordBefore({ position: after }))?.position ?? START;
  }

  /** All events from a place on, read as they are asked for. */
  private async *eventsFrom(reads: Reads, from: LogRange['from'], atFirst = 16): AsyncGenerator<ServerEvent> {
    let count = Math.min(atFirst, READ_EVENTS_MAX);
    let place = from;
    let last = -1;
    for (;;) {
      const events = await reads.log({ from: place, count });
      for (const event of events) if (event.position > last) yield event;
      if (events.length < count) return;
      place = last = events.at(-1)!.position;
      count = Math.min(2 * count, READ_EVENTS_MAX);
    }
  }

  private follow<Event extends RecordedEvent>(
    readPage: (after: number, limit: number) => Promise<Event[]>, after: number, signal: AbortSignal, batchSize = 500,
  ): AsyncIterable<Event[]> {
    requireInteger('after', after, 0, Number.MAX_SAFE_INTEGER);
    requireInteger('batchSize', batchSize, 1, READ_ALL_MAX);
    return followLog(after, AbortSignal.any([signal, this.closing.signal]), {
      readPage: (position) => readPage(position, batchSize), isPassing, onTrouble: this.onTrouble, head: this.headWatch, pollMs: this.pollMs,
    });
  }

  /** The server reads what is left of a stream as if it were all: nothing in its answer tells of what was removed. */
  private async throwIfTruncated(stream: string, events: readonly ServerEvent[], afterRevision: number): Promise<void> {
    const [first] = events;
    if (first && first.revision !== afterRevision) throw truncated(`${stream} begins at revision ${first.revision + 1}`);
    if (first || afterRevision > 0) return;
    // A stream without events may be one that lost them all.
    const [metadata] = await this.atLeader.stream({ stream: `$$${this.prefix}${stream}`, from: END, count: 1, backwards: true });
    const settings = Object.keys(JSON.parse(Buffer.from(metadata?.data ?? '').toString() || '{}') as object);
    if (settings.some((setting) => REMOVES_EVENTS.has(setting))) throw truncated(`${stream} was truncated or deleted`);
  }

  private know(position: number): number {
    this.places.set(position, position);
    return position;
  }

  private throwIfClosing(): void {
    if (this.closing.signal.aborted) throw new EventStoreError('EVENT_STORE.UNAVAILABLE', 'the event log is closing');
  }
}

/** Of a stream's metadata: truncated before a revision, or its events limited in number or age. */
const REMOVES_EVENTS = new Set(['$tb', '$maxCount', '$maxAge']);
/** A page of readAll ends with the event by which its data reaches this size. */
const PAGE_BYTES_MAX = 16 * 1024 * 1024;
const PLACES_MAX = 10_000;
const ANSWER_MS = 5_000;
/** One batch at a time: the next may bear a later time. */
const BATCH_BOUNDS = { batchEventsMax: 1_000, batchBytesMax: 4 * 1024 * 1024, queueAppendsMax: 20_000, queueBytesMax: 64 * 1024 * 1024, batchesMax: 1 };

function eventsIn(batch: readonly CheckedAppend[]): number {
  return batch.reduce((sum, { events }) => sum + events.length, 0);
}
