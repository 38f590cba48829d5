import type { KurrentDBClient } from '@kurrent/kurrentdb-client';
import type { RecordedText } from '#domain/event.ts';
import type { CopyTarget } from '../copy-log.ts';
import { eventAt } from '../event-at.ts';
import { APPEND_BYTES_MAX, APPEND_EVENTS_MAX } from '../event-store.ts';
import { sendBatch, type AppendTo, type StampedAppend } from './append.ts';
import { connectTo, disconnect, parseKurrentDbUrl } from './connection.ts';
import { KurrentDbEventStore } from './kurrentdb-event-store.ts';
import { LogClock } from './log-clock.ts';
import { Reads } from './reads.ts';

/**
 * A log in KurrentDB that another is copied into. It holds the log's clock, which shows the time of what was copied last,
 * so that the clock's records are an index of the copy as of any log. One append after another: that alone keeps the
 * order, whatever is lost on the way.
 */
export class KurrentDbCopyTarget implements CopyTarget {
  private readonly client: KurrentDBClient;
  private readonly to: AppendTo;

  static async open(url: string): Promise<KurrentDbCopyTarget> {
    const store = await KurrentDbEventStore.connect(url);
    try {
      const left = await store.head();
      const last = left > 0 ? await eventAt(store, left) : undefined;
      return new KurrentDbCopyTarget(url, store, left, last?.recordedAt ?? '');
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  private constructor(
    url: string,
    readonly store: KurrentDbEventStore,
    /** Where the copy left the log, and the time of its last event. */
    private left: number,
    private lastRecordedAt: string,
  ) {
    const address = parseKurrentDbUrl(url);
    this.client = connectTo(address.toLeader);
    const prefix = `${address.log}.`;
    const reads = new Reads(this.client, prefix, true);
    const clock = new LogClock(this.client, reads, `${address.log}-clock`, () => {}, () => Date.parse(this.lastRecordedAt) || 0);
    this.to = { client: this.client, reads, clock, nameOf: (stream) => prefix + stream };
  }

  async copyIn(events: readonly RecordedText[]): Promise<void> {
    const head = await this.store.head();
    if (head !== this.left) throw new Error(`somebody else has written to the target: it ends at position ${head}, and the copy had left it at ${this.left}`);
    for (const append of appendsOf(events)) {
      const times = [this.lastRecordedAt, ...append.events.map(({ recordedAt }) => recordedAt!)];
      if (times.some((time, index) => index > 0 && time < times[index - 1]!)) throw new Error(`time falls in ${append.stream}, behind revision ${append.expected}`);
      const [result] = await sendBatch(this.to, [append]);
      if (result!.status === 'rejected') throw result!.reason;
      const { value } = result!;
      if (value.outcome === 'conflict')
        throw new Error(`${append.stream} is at revision ${value.actualRevision} in the target, and the source's next event is its ${Number(append.expected) + 1}th: it holds another log`);
      this.left = value.position;
      this.lastRecordedAt = append.events.at(-1)!.recordedAt!;
    }
  }

  async close(): Promise<void> {
    await this.to.clock.close();
    await disconnect(this.client);
    await this.store.close();
  }
}

/** Events of one stream that stand behind one another go together, within the bounds of an append. */
function* appendsOf(events: readonly RecordedText[]): Generator<StampedAppend> {
  let append: (StampedAppend & { events: StampedAppend['events'][number][] }) | undefined;
  for (const { stream, revision, id, type, data, metadata: envelope, recordedAt } of events) {
    const metadata = JSON.stringify(envelope);
    // The client writes JSON anew, which changes no text that a log of ours has taken.
    if (JSON.stringify(JSON.parse(data)) !== data) throw new Error(`the data of revision ${revision} of ${stream} is not written as JSON.stringify writes it, and could not be kept as it is`);
    const bytes = Buffer.byteLength(data) + Buffer.byteLength(metadata);
    if (append && (append.stream !== stream || append.events.length === APPEND_EVENTS_MAX || append.bytes + bytes > APPEND_BYTES_MAX || revision !== Number(append.expected) + append.events.length + 1)) {
      yield append;
      append = undefined;
    }
    append ??= { stream, expected: revision - 1, events: [], bytes: 0 };
    append.events.push({ id, type, data, metadata, recordedAt });
    append.bytes += bytes;
  }
  if (append) yield append;
}
