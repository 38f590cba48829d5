import type { CheckedAppend } from './check-append.ts';
import { EventStoreError, type AppendResult } from './event-store.ts';

export interface BatchBounds {
  /** Events in one batch; a single append may hold more bytes or events than a batch's bound, and then goes alone. */
  batchEventsMax: number;
  batchBytesMax: number;
  /** Appends and bytes that may wait; what comes beyond is refused as EVENT_STORE.UNAVAILABLE. */
  queueAppendsMax: number;
  queueBytesMax: number;
  /** Batches under way at once: 1 or 2. */
  batchesMax: number;
}

/** Answers for each append of a batch, in its order; a rejection is for that append alone. */
export type SendBatch = (batch: readonly CheckedAppend[]) => Promise<PromiseSettledResult<AppendResult>[]>;

/**
 * Gathers concurrent appends into batches: while one batch is under way the next one fills, so that a lone writer
 * never waits for a timer and many writers share one commit. A second batch goes on its way behind the first where
 * enough appends wait to be worth a commit of their own: the log then works on one while we work on the other. No
 * stream has two appends under way at once, and the appends of one stream keep their order.
 */
export class AppendBatcher {
  /** Appends that may go, by stream; a Map keeps the order in which the streams' turns come. */
  private readonly waiting = new Map<string, WaitingAppend[]>();
  /** By stream that has an append under way: those that wait for its answer. */
  private readonly heldBack = new Map<string, WaitingAppend[]>();
  private waitingAppends = 0;
  private waitingBytes = 0;
  private readonly underWay = new Set<Promise<void>>();
  private gathering: Promise<void> | undefined;
  private draining = false;

  constructor(
    private readonly send: SendBatch,
    private readonly bounds: BatchBounds,
  ) {}

  append(append: CheckedAppend): Promise<AppendResult> {
    if (this.draining) return Promise.reject(turnedAway('the event log is closing'));
    const full =
      this.waitingAppends >= this.bounds.queueAppendsMax ||
      (this.waitingAppends > 0 && this.waitingBytes + append.bytes > this.bounds.queueBytesMax);
    if (full) return Promise.reject(turnedAway('too many appends are waiting for the event log'));
    return new Promise((resolve, reject) => {
      this.enqueue({ append, resolve, reject });
      this.gathering ??= this.gather();
    });
  }

  /** Takes no more appends, and waits until those taken have their answers. */
  async drain(): Promise<void> {
    this.draining = true;
    while (this.gathering || this.underWay.size > 0) await (this.gathering ?? Promise.race(this.underWay));
  }

  private enqueue(item: WaitingAppend): void {
    const { stream } = item.append;
    const queue = this.heldBack.get(stream) ?? this.waiting.get(stream);
    if (queue) queue.push(item);
    else this.waiting.set(stream, [item]);
    this.waitingAppends += 1;
    this.waitingBytes += item.append.bytes;
  }

  private async gather(): Promise<void> {
    // Lets the appends of one callback, and of all promises that it settles, come into one batch together. To wait for the
    // rest of the event loop's turn (setImmediate) cost 2 % at 1 writer, 5 to 8 % at 32 and 128.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    this.gathering = undefined;
    for (let most = this.mostToSend(); most > 0; most = this.mostToSend()) {
      const sending = this.sendOne(this.takeBatch(most));
      this.underWay.add(sending);
      // Never rejects; and who got an answer may append again before the next batch is taken.
      void sending.then(() => {
        this.underWay.delete(sending);
        this.gathering ??= this.gather();
      });
    }
  }

  /** How many appends may go now. One alone leaves half of many behind, for a second batch right behind it. */
  private mostToSend(): number {
    const ready = this.waiting.size;
    if (this.underWay.size === 0) return this.bounds.batchesMax > 1 && ready >= 2 * WORTH_A_COMMIT ? Math.ceil(ready / 2) : ready;
    return this.underWay.size < this.bounds.batchesMax && ready >= WORTH_A_COMMIT ? ready : 0;
  }

  private async sendOne(batch: WaitingAppend[]): Promise<void> {
    try {
      const results = await this.send(batch.map((item) => item.append));
      this.letGoOn(batch);
      batch.forEach((item, index) => settle(item, results[index]!));
    } catch (error) {
      this.letGoOn(batch);
      // The log is out of reach. Those who waited behind this batch have waited long enough.
      for (const item of [...batch, ...this.takeAll()]) item.reject(error);
    }
  }

  /** The first append of each stream in turn, as many as the bounds allow, and at least one. */
  private takeBatch(most: number): WaitingAppend[] {
    const batch: WaitingAppend[] = [];
    let events = 0;
    let bytes = 0;
    for (const [stream, queue] of this.waiting) {
      const item = queue[0]!;
      events += item.append.events.length;
      bytes += item.append.bytes;
      const over = events > this.bounds.batchEventsMax || bytes > this.bounds.batchBytesMax;
      if (batch.length === most || (over && batch.length > 0)) break;
      batch.push(item);
      queue.shift();
      this.waiting.delete(stream);
      this.heldBack.set(stream, queue);
      this.waitingAppends -= 1;
      this.waitingBytes -= item.append.bytes;
    }
    return batch;
  }

  /** The streams of a batch that has its answer take turns again, behind those that came meanwhile. */
  private letGoOn(batch: WaitingAppend[]): void {
    for (const { append } of batch) {
      const queue = this.heldBack.get(append.stream)!;
      this.heldBack.delete(append.stream);
      if (queue.length > 0) this.waiting.set(append.stream, queue);
    }
  }

  private takeAll(): WaitingAppend[] {
    const all = [...this.waiting.values(), ...this.heldBack.values()].flat();
    this.waiting.clear();
    for (const stream of this.heldBack.keys()) this.heldBack.set(stream, []);
    this.waitingAppends = 0;
    this.waitingBytes = 0;
    return all;
  }
}

/**
 * Appends that make a second batch. With 64 to a batch two at once gave 1.15 times the rate, with 32 only 0.78 times:
 * there a commit more costs what working side by side gains (measured on two cores that others used as well).
 */
const WORTH_A_COMMIT = 64;

interface WaitingAppend {
  append: CheckedAppend;
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

function settle(item: WaitingAppend, result: PromiseSettledResult<AppendResult>): void {
  if (result.status === 'fulfilled') item.resolve(result.value);
  else item.reject(result.reason);
}

function turnedAway(message: string): EventStoreError {
  return new EventStoreError('EVENT_STORE.UNAVAILABLE', message);
}
