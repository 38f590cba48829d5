import type { Category, StateOf } from '#domain/use-case.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { emptyStream, foldOnto, type FoldedStream } from './streams.ts';

const PAGE = 1000;
const PAGES_MAX = 1000;

/** A stream as it stood at a position of the log; at revision 0 where it was not there yet. */
export async function streamAsOf<C extends Category>(store: EventStore, stream: `${C}-${string}`, position: number): Promise<FoldedStream<StateOf[C]>> {
  let folded = emptyStream(stream);
  for (let page = 0; page < PAGES_MAX; page++) {
    const events = await store.readStream(stream, { afterRevision: folded.revision, upToPosition: position, limit: PAGE });
    folded = foldOnto(folded, stream, events);
    if (events.length < PAGE) return folded as FoldedStream<StateOf[C]>;
  }
  throw new Error(`${stream} has more than ${PAGE * PAGES_MAX} events`);
}
