import type { RecordedText } from '#domain/event.ts';
import type { EventStore } from './event-store.ts';
import { pause } from './pause.ts';

/**
 * The events above one position, up to another at which an event stands, in pages. Each page is read while whoever asked
 * for them works on the one before.
 * @throws Error when the log gives none for longer than a node of it may be behind
 * @throws the signal's reason when it aborts
 */
export async function* pagesUpTo(store: EventStore, after: number, head: number, signal: AbortSignal): AsyncGenerator<RecordedText[], void, void> {
  let position = after;
  let next = position < head ? readAhead(store, position) : undefined;
  for (let looks = 0; position < head;) {
    signal.throwIfAborted();
    const page = (await next!).filter((event) => event.position <= head);
    if (page.length === 0) {
      looks += 1;
      if (looks > LOOKS_MAX) throw new Error(`the log tells of an end at position ${head} and gives no event above ${position}`);
      // Pages may come from another node than the one that told of the end.
      await pause(LOOK_MS, signal);
    } else {
      looks = 0;
      position = page.at(-1)!.position;
    }
    if (position < head) next = readAhead(store, position);
    if (page.length > 0) yield page;
  }
}

/** A store gives fewer where they are large. */
const PAGE_EVENTS = 1_000;
const LOOKS_MAX = 10;
const LOOK_MS = 100;

function readAhead(store: EventStore, after: number): Promise<RecordedText[]> {
  const page = store.readAllText(after, PAGE_EVENTS);
  // Who leaves before it is there does not wait for it, nor for its failure.
  page.catch(() => {});
  return page;
}
