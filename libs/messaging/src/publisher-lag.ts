import type { EventStore } from '#event-store/event-store.ts';

export interface PublisherLag {
  /** Events of the log, public or not, that the publisher has not passed yet; LAG_EVENTS_MAX stands for more too. */
  events: number;
  /** How long the next of them has waited. */
  seconds: number;
}

/** Beyond it nobody needs the exact number, and counting is reading: positions need not be dense. */
export const LAG_EVENTS_MAX = 1_000;
const PAGE = 100;

/** How far a publisher that has passed `position` is behind the log. */
export async function publisherLag(store: EventStore, position: number): Promise<PublisherLag> {
  const page = await store.readAll(position, PAGE);
  const [oldest] = page;
  if (!oldest) return { events: 0, seconds: 0 };
  let events = page.length;
  for (let last = page; last.length === PAGE && events < LAG_EVENTS_MAX;) {
    last = await store.readAll(last.at(-1)!.position, PAGE);
    events += last.length;
  }
  return { events, seconds: Math.max(0, Date.now() - Date.parse(oldest.recordedAt)) / 1_000 };
}
