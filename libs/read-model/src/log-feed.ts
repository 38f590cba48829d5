import { setTimeout as pause } from 'node:timers/promises';
import type { RecordedEvent } from '#domain/event.ts';
import { EventStoreError, type EventStore } from '#event-store/event-store.ts';

/** The log as the group in front reads it: the next batch is already on its way while one is being written. */
export class LogFeed {
  private subscription: Subscription | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly signal: AbortSignal,
    private readonly batchSize: number,
  ) {}

  /**
   * Events above a position, in order; empty where none came within the wait (`Infinity` waits as long as it takes) or
   * the signal aborted. Asking again from the same position gives the same events again.
   */
  async next(after: number, waitMs: number): Promise<RecordedEvent[]> {
    const subscription = this.subscriptionFrom(after);
    const left = subscription.inHand.filter((event) => event.position > after);
    if (left.length > 0) return left;
    const result = await withinWait(subscription.coming, waitMs).catch((error: unknown) => {
      this.close();
      throw error;
    });
    if (result === undefined || this.signal.aborted) return [];
    if (result.done) {
      this.close();
      throw new EventStoreError('EVENT_STORE.UNAVAILABLE', 'the subscription to the log ended');
    }
    subscription.inHandAfter = subscription.inHand.at(-1)?.position ?? subscription.inHandAfter;
    subscription.inHand = result.value;
    subscription.coming = ask(subscription.events);
    return result.value.filter((event) => event.position > after);
  }

  /** Lets go of the subscription; the next call begins another. */
  close(): void {
    this.subscription?.ended.abort();
    this.subscription = undefined;
  }

  private subscriptionFrom(after: number): Subscription {
    if (this.subscription && after >= this.subscription.inHandAfter) return this.subscription;
    this.close();
    const ended = new AbortController();
    const signal = AbortSignal.any([this.signal, ended.signal]);
    const events = this.store.subscribe(after, signal, this.batchSize)[Symbol.asyncIterator]();
    this.subscription = { events, ended, inHand: [], inHandAfter: after, coming: ask(events) };
    return this.subscription;
  }
}

interface Subscription {
  events: AsyncIterator<RecordedEvent[]>;
  ended: AbortController;
  coming: Promise<IteratorResult<RecordedEvent[]>>;
  /** The batch taken last, kept for a reader that could not use it. */
  inHand: RecordedEvent[];
  /** Position before the batch in hand; readers below it need another subscription. */
  inHandAfter: number;
}

function ask(events: AsyncIterator<RecordedEvent[]>): Promise<IteratorResult<RecordedEvent[]>> {
  const coming = events.next();
  // Whoever waits for it meets the error; until then nobody may be waiting.
  coming.catch(() => undefined);
  return coming;
}

async function withinWait<T>(coming: Promise<T>, waitMs: number): Promise<T | undefined> {
  if (waitMs === Infinity) return await coming;
  const waited = new AbortController();
  try {
    return await Promise.race([coming, pause(waitMs, undefined, { signal: waited.signal })]);
  } finally {
    waited.abort();
  }
}
