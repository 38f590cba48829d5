import { randomUUID } from 'node:crypto';
import { END, jsonEvent, NO_STREAM, WrongExpectedVersionError, type KurrentDBClient } from '@kurrent/kurrentdb-client';
import { EventStoreError } from '../event-store.ts';
import { HeadWatch } from '../head-watch.ts';
import { isPassing, unavailable } from './kurrentdb-errors.ts';
import { listenTo } from './listen-to.ts';
import { within, type Reads } from './reads.ts';
import { recordedAtOf } from './recorded.ts';

/** What the holder may do now. */
export interface Turn {
  /** For the events to be appended, in milliseconds since 1970: no lower than any before. */
  stamp: number;
  /** Whatever is appended in this turn comes behind this position. */
  floor: number;
  /** By performance.now(): when an append must have been sent at the latest, and when it must have come to the server. */
  until: number;
  landBy: number;
}

/** A record of the clock. It stands in $all between the log's events, so it is an index of them too. */
export interface ClockRecord {
  position: number;
  /** No event before it was recorded later, and none behind it earlier. */
  recordedAt: number;
}

/**
 * Keeps `recordedAt` from falling although many processes append: the one that holds the clock appends, the others wait
 * for their turn. KurrentDB orders appends to different streams as they arrive, and makes none depend on another
 * stream, so no other rule would hold on every version of it.
 *
 * The clock is a stream, `{log}-clock`, written with an expected revision, so that one of several takers wins:
 * - ClockHeld { holder, waiting, recordedAt }: from here on this process appends (nobody, where the holder is null), then
 *   those that wait, in turn. Written again after a second or a thousand events of use, which shows that the holder
 *   lives, and makes the index dense.
 * - ClockWanted { by }: another process asks, behind those that wait; the holder hands over within some milliseconds.
 * A holder that does not answer for TAKEN_OVER_MS has died, or stands still: the clock is taken over. For a holder that
 * stood still the time it may append in is over by then (SEND_MS), and what it had sent is refused by the server when it
 * comes later than LAND_MS, which every append says of itself by the clock on the wall. So the clocks of this machine and
 * the server's may differ by a second.
 */
export class LogClock {
  private readonly me = randomUUID();
  private readonly watch: HeadWatch;
  /** Undefined while another holds the clock, or while we can't know. */
  private held: Held | undefined;
  private lastStamp = 0;
  private floor = 0;
  private eventsSince = 0;
  /** Processes that asked for the clock while this one holds it, as far as is known. */
  private waiting: string[] = [];
  private busy = false;
  /** When the last look began that found another process holding the clock. */
  private sawAnotherAt: number | undefined;
  /** How long the one that now holds the clock has not answered. */
  private silent: { revision: number; since: number } | undefined;
  private handing: Promise<void> | undefined;
  private slice: NodeJS.Timeout | undefined;
  /** A record came while there was no time to look: whoever wrote it may wait for this process. */
  private missed = false;
  private asked = false;
  private closed = false;

  constructor(
    private readonly client: KurrentDBClient,
    private readonly reads: Reads,
    private readonly stream: string,
    private readonly onTrouble: (error: unknown) => void,
    /** A copy lives in the time of what it copies. */
    private readonly now: () => number = Date.now,
  ) {
    const listen = listenTo<ClockEvent>(() => client.subscribeToStream<ClockEvent>(stream, { fromRevision: END, requiresLeader: true }), (record) => void this.handOverIfWanted(record).catch(onTrouble));
    this.watch = new HeadWatch(listen, onTrouble);
  }

  /**
   * Waits for this process's turn, and takes it for one piece of work. Calls must not overlap.
   * @throws EventStoreError EVENT_STORE.UNAVAILABLE when the turn does not come in time
   */
  async use<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    this.busy = true;
    try {
      await this.handing?.catch(() => undefined);
      await this.hold();
      return await work({ stamp: this.stampNow(), floor: this.floor, until: this.held!.confirmedAt + SEND_MS, landBy: this.held!.confirmedAt + LAND_MS });
    } finally {
      this.busy = false;
      this.handOverSoon();
      this.lookAgain();
    }
  }

  /** So many events were appended, the last at this position. */
  appended(events: number, position: number): void {
    this.eventsSince += events;
    this.floor = Math.max(this.floor, position);
  }

  /** An append may still be on its way: the next turn begins behind a record that is written after it. */
  doubt(): void {
    if (this.held) this.held.confirmedAt = -Infinity;
  }

  /** The last record at or before a position or an instant; none before the first. */
  async recordBefore(place: { position: number } | { recordedAt: number }): Promise<ClockRecord | undefined> {
    const isBefore = (record: ClockRecord) => ('position' in place ? record.position <= place.position : record.recordedAt <= place.recordedAt);
    const [last] = await this.reads.stream({ stream: this.stream, from: END, count: 1, backwards: true });
    let found: ClockRecord | undefined;
    let low = 0;
    let high = last ? last.revision : -1;
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      // ClockWanted is no place of the index, but the record before it is; there are few, and never many in a row.
      const [record, at] = await this.heldAtOrBefore(middle, low);
      if (record === undefined || isBefore(record)) {
        found = record ?? found;
        low = middle + 1;
      } else high = at - 1;
    }
    return found;
  }

  /** Lets others have the clock at once. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.slice);
    await this.handing?.catch(() => undefined);
    // Also where it was handed to this process after it had given up waiting.
    if (this.asked) await this.handOver().catch(() => undefined);
    await this.watch.stop();
  }

  private async hold(): Promise<void> {
    this.watch.start();
    this.asked = true;
    const giveUpAt = performance.now() + TURN_MS_MAX;
    let failingSince: number | undefined;
    for (;;) {
      if (this.held && performance.now() - this.held.confirmedAt < HELD_MS && this.eventsSince < EVENTS_MAX) return;
      const seen = this.watch.announcements;
      try {
        if (await this.takeOrAsk()) return;
        failingSince = undefined;
      } catch (error) {
        failingSince ??= performance.now();
        if (!isPassing(error) || performance.now() - failingSince > FAILING_MS_MAX) throw unavailable(error);
      }
      if (performance.now() > giveUpAt) throw new EventStoreError('EVENT_STORE.UNAVAILABLE', 'the turn to append did not come in time: other processes hold the clock of the event log');
      await this.watch.waitForMore(seen, LOOK_MS, new AbortController().signal);
    }
  }

  /** Whether this process holds the clock now. */
  private async takeOrAsk(): Promise<boolean> {
    // Renewing needs no look at the stream, unless somebody wrote to it.
    if (this.held && (await this.take(this.held.revision, 0, this.waiting))) return true;
    this.held = undefined;
    const looked = performance.now();
    const tail = await this.tail();
    const { holder, recordedAt, waiting } = tail;
    if (holder === this.me && this.sawAnotherAt !== undefined && looked - this.sawAnotherAt < HELD_MS / 2) {
      // Handed to us since we last looked, so nobody takes it over before we would have to show that we live.
      this.become({ revision: tail.revision, position: tail.position }, this.sawAnotherAt, recordedAt, waiting);
      return true;
    }
    if (holder === null || holder === this.me) return this.take(tail.revision, tail.revision < 0 ? await this.lastRecordedAt() : recordedAt, waiting);
    // Those that waited may have died with it, and would be waited for one after another; who lives asks again.
    if (this.hasDied(tail.heldRevision)) return this.take(tail.revision, Math.max(recordedAt, await this.lastRecordedAt()), []);
    this.sawAnotherAt = looked;
    if (!waiting.includes(this.me)) await this.write(wanted(this.me), tail.revision);
    return false;
  }

  private async take(expected: number, notBefore: number, waiting: string[]): Promise<boolean> {
    const begun = performance.now();
    this.lastStamp = Math.max(this.lastStamp, notBefore);
    const others = waiting.filter((id) => id !== this.me);
    const written = await this.write(held(this.me, others, this.stampNow()), expected);
    if (written) this.become(written, begun, this.lastStamp, others);
    return written !== undefined;
  }

  private become(record: { revision: number; position: number }, confirmedAt: number, notBefore: number, waiting: string[]): void {
    this.held = { ...record, confirmedAt, since: this.held?.since ?? performance.now() };
    this.waiting = waiting;
    this.lastStamp = Math.max(this.lastStamp, notBefore);
    this.floor = Math.max(this.floor, record.position);
    this.eventsSince = 0;
    this.silent = undefined;
    this.sawAnotherAt = undefined;
  }

  private hasDied(revision: number): boolean {
    if (this.silent?.revision !== revision) this.silent = { revision, since: performance.now() };
    return performance.now() - this.silent.since > TAKEN_OVER_MS;
  }

  /** After a slice of time, if somebody waits; should there be work then, at its end. */
  private handOverSoon(): void {
    if (this.waiting.length === 0 || this.held === undefined) return;
    const left = SLICE_MS - (performance.now() - this.held.since);
    if (left <= 0) void this.handOver().catch(this.onTrouble);
    else this.slice ??= setTimeout(() => {
      this.slice = undefined;
      if (!this.busy) this.handOverSoon();
    }, left);
  }

  /** Called with every record that comes: who is not at work hands over at once, also what came after he gave up waiting. */
  private async handOverIfWanted(record: ClockEvent | undefined): Promise<void> {
    if (this.closed) return;
    if (this.handing || (this.busy && this.held === undefined)) {
      this.missed = true;
      return;
    }
    const isOurs = record?.type === HELD ? (record.data as HeldData).holder === this.me : this.held !== undefined;
    if (record && !isOurs) return;
    const { holder, waiting } = await this.tail();
    if (this.closed || holder !== this.me || waiting.length === 0) return;
    if (this.held) this.waiting = waiting;
    if (!this.busy) await (this.held ? this.handOverSoon() : this.handOver());
  }

  private handOver(): Promise<void> {
    this.handing ??= this.handToWaiting().finally(() => {
      this.handing = undefined;
      this.lookAgain();
    });
    return this.handing;
  }

  private lookAgain(): void {
    if (!this.missed) return;
    this.missed = false;
    void this.handOverIfWanted(undefined).catch(this.onTrouble);
  }

  private async handToWaiting(): Promise<void> {
    this.held = undefined;
    // Should this fail, another takes over after a while, or we take our own clock again.
    const { holder, waiting: [next = null, ...rest], revision } = await this.tail();
    if (holder === this.me) await this.write(held(next, rest, this.stampNow()), revision);
  }

  private stampNow(): number {
    return (this.lastStamp = Math.max(this.now(), this.lastStamp));
  }

  /** Of the log's last event: what a holder that died had come to. */
  private async lastRecordedAt(): Promise<number> {
    const [last] = await this.reads.log({ from: END, count: 1, backwards: true });
    return last ? recordedAtOf(last) : 0;
  }

  private async tail(): Promise<Tail> {
    const lastRecords = (count: number) => this.reads.stream({ stream: this.stream, from: END, count, backwards: true });
    let records = await lastRecords(TAIL);
    if (records.length === TAIL && !records.some(({ type }) => type === HELD)) records = await lastRecords(TAIL_MAX);
    if (records.length === TAIL_MAX && !records.some(({ type }) => type === HELD)) throw new EventStoreError('EVENT_STORE.UNAVAILABLE', `${TAIL_MAX} processes wait for the clock of the event log`);
    const last = records.findIndex(({ type }) => type === HELD);
    const record = records[last];
    const { holder, waiting, recordedAt } = record ? dataOf<HeldData>(record) : { holder: null, waiting: [], recordedAt: 0 };
    const asked = records.slice(0, last < 0 ? undefined : last).map((asking) => dataOf<WantedData>(asking).by);
    return {
      revision: records[0]?.revision ?? -1,
      heldRevision: record?.revision ?? -1,
      position: record?.position ?? 0,
      holder, recordedAt,
      waiting: [...new Set([...waiting, ...asked.reverse()])],
    };
  }

  /** The record of the clock at a revision, or the nearest before it down to `low`, and where it stands. */
  private async heldAtOrBefore(revision: number, low: number): Promise<[ClockRecord | undefined, number]> {
    for (let from = revision; from >= low; from -= PROBE) {
      const records = await this.reads.stream({ stream: this.stream, from, count: Math.min(PROBE, from - low + 1), backwards: true });
      const found = records.find(({ type }) => type === HELD);
      if (found) return [{ position: found.position, recordedAt: dataOf<HeldData>(found).recordedAt }, found.revision];
    }
    return [undefined, low];
  }

  /** Undefined where the stream is at another revision by now. */
  private async write(event: ClockEvent, expected: number): Promise<{ revision: number; position: number } | undefined> {
    try {
      const streamState = expected < 0 ? NO_STREAM : BigInt(expected);
      const { nextExpectedRevision, position } = await within(ATTEMPT_MS, this.client.appendToStream(this.stream, jsonEvent(event), { streamState, requiresLeader: true }));
      return { revision: Number(nextExpectedRevision), position: Number(position!.commit) };
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) return undefined;
      throw error;
    }
  }
}

/** After a record of it, so long may its holder begin to append. */
const HELD_MS = 1_000;
/** And so long may what was begun be sent. */
export const SEND_MS = 2_000;
/** And by then must it have come to the server. Less than TAKEN_OVER_MS by what clocks may differ. */
const LAND_MS = 4_000;
/** An attempt has no answer after this: whether it took effect is unknown. The server's own limit is 2 s. */
export const ATTEMPT_MS = 2_500;
/** More than SEND_MS and ATTEMPT_MS, and what the records need to be heard of. */
const TAKEN_OVER_MS = 5_000;
/** A holder that others wait for keeps the clock so long, so that handing it over is not all they do. */
const SLICE_MS = 20;
/** Records of the index lie at most about so many events apart. */
const EVENTS_MAX = 1_000;
/** Of waiting for a turn: one holder may have died, and its successor too. */
const TURN_MS_MAX = 15_000;
const LOOK_MS = 250;
/** Of failing to reach the server, from the first time on. */
const FAILING_MS_MAX = 5_000;
/** Records of the end that are read at first, and where no ClockHeld is among them: ClockWanted come one from each process that waits. */
const TAIL = 8;
const TAIL_MAX = 100;
const PROBE = 4;

const HELD = 'ClockHeld';
const WANTED = 'ClockWanted';

interface Held {
  revision: number;
  position: number;
  /** When its last record was sent, by the clock that never jumps. */
  confirmedAt: number;
  since: number;
}

interface Tail {
  /** Of the stream's last record, as the server counts; -1 for none. */
  revision: number;
  /** Of its last ClockHeld, with its position. */
  heldRevision: number;
  position: number;
  holder: string | null;
  recordedAt: number;
  /** Those that wait, in the order in which they asked. */
  waiting: string[];
}

type HeldData = { holder: string | null; waiting: string[]; recordedAt: number };
type WantedData = { by: string };
type ClockEvent = { type: string; data: HeldData | WantedData };

function held(holder: string | null, waiting: string[], recordedAt: number): ClockEvent {
  return { type: HELD, data: { holder, waiting, recordedAt } };
}

function wanted(by: string): ClockEvent {
  return { type: WANTED, data: { by } };
}

function dataOf<Data>({ data }: { data: Uint8Array }): Data {
  return JSON.parse(Buffer.from(data).toString()) as Data;
}
