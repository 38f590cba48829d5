import { restrictedTypes, sequenceOf } from '#contracts/published.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { publishedOrRefused } from './read-feed.ts';

/** Proxies close what is silent for a minute. */
const HEARTBEAT_MS = 15_000;
/** Two batches are in memory for each stream at most: the one being sent and the one after it. */
const BATCH_EVENTS = 100;

/**
 * Published events above a position as server-sent events: what is there, then what comes. Ends when the signal aborts.
 * The id of an event is its sequence. Where events that are not public were passed, the id alone moves on.
 */
export async function* serverSentEvents(store: EventStore, after: number, signal: AbortSignal, heartbeatMs = HEARTBEAT_MS): AsyncGenerator<string> {
  const ended = new AbortController();
  const batches = store.subscribeText(after, AbortSignal.any([signal, ended.signal]), BATCH_EVENTS, restrictedTypes)[Symbol.asyncIterator]();
  const heartbeat = new Heartbeat(heartbeatMs);
  try {
    yield 'retry: 2000\n\n';
    let coming = batches.next();
    while (true) {
      const result = await Promise.race([coming, heartbeat.next()]);
      if (result === 'beat') {
        yield ': still here\n\n';
        continue;
      }
      if (result.done) return;
      coming = batches.next();
      // Should the reader be gone by then, nobody else hears of it.
      coming.catch(() => undefined);
      const last = result.value.at(-1);
      for (const event of result.value) {
        const one = publishedOrRefused(event);
        // Of an event that is not public nothing is told but, of the last, how far this is.
        if (one !== undefined) yield `id: ${sequenceOf(event.position)}\ndata: ${one}\n\n`;
        else if (event === last) yield `id: ${sequenceOf(event.position)}\n\n`;
      }
    }
  } finally {
    ended.abort();
    heartbeat.stop();
  }
}

/** Beats again and again, each beat to be asked for. */
class Heartbeat {
  #timer: NodeJS.Timeout | undefined;
  #beat: Promise<'beat'> | undefined;

  constructor(private readonly ms: number) {}

  next(): Promise<'beat'> {
    this.#beat ??= new Promise((resolve) => {
      this.#timer = setTimeout(() => {
        this.#beat = undefined;
        resolve('beat');
      }, this.ms);
    });
    return this.#beat;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
