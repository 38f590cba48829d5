import { MisfitEventError } from '#contracts/fitting.ts';
import { publishedText, restrictedTypes, UnmappableEventError } from '#contracts/published.ts';
import type { RecordedText } from '#domain/event.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { Problem } from '#platform/problem.ts';

export interface FeedPage {
  /** JSON text of CloudEvents. */
  items: string[];
  next: number;
  head: number;
}

/** Events read for one page at most, public or not. */
const SCAN_MAX = 5000;
/** Somewhat more than half of all events are public: what is read beyond the page is read for nothing, which costs more than asking again. */
const SCAN_PER_ITEM = 1.6;
const SCAN_PAGE_MIN = 100;

/**
 * Published events above a position, in order; `head` is the log's, as read before. `next` is where to go on: above all that was looked at.
 * @throws Problem EVENT.TYPE_UNKNOWN (503) at an event that newer software wrote, EVENT.MISFIT (503) at one that is not what its schema says: nobody may step over it
 */
export async function readFeed(store: EventStore, after: number, limit: number, head: number): Promise<FeedPage> {
  const items: string[] = [];
  let next = after;
  const page = (): FeedPage => ({ items, next, head: Math.max(head, next) });
  for (let scanned = 0; scanned < SCAN_MAX && items.length < limit;) {
    const wanted = Math.min(SCAN_MAX - scanned, Math.max(SCAN_PAGE_MIN, Math.ceil(SCAN_PER_ITEM * (limit - items.length))));
    const events = await store.readAllText(next, wanted, restrictedTypes);
    scanned += wanted;
    for (const event of events) {
      if (items.length === limit) return page();
      try {
        const one = publishedOrRefused(event);
        if (one !== undefined) items.push(one);
      } catch (error) {
        // What comes before it is given first; who then asks on is told.
        if (error instanceof Problem && next > after) return page();
        throw error;
      }
      next = event.position;
    }
    // A short page need not be the last; an empty one is.
    if (events.length === 0 || next >= head) break;
  }
  return page();
}

/** @throws Problem EVENT.TYPE_UNKNOWN, EVENT.MISFIT (503) */
export function publishedOrRefused(event: RecordedText): string | undefined {
  try {
    return publishedText(event);
  } catch (error) {
    if (error instanceof UnmappableEventError && error.cause instanceof MisfitEventError)
      throw new Problem(503, 'EVENT.MISFIT', `the event at ${error.position} can not be read`, { headers: { 'retry-after': '60' }, cause: error });
    if (error instanceof UnmappableEventError)
      throw new Problem(503, 'EVENT.TYPE_UNKNOWN', 'newer software wrote the next event; this server is being replaced', { headers: { 'retry-after': '10' }, cause: error });
    throw error;
  }
}
