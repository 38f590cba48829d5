import type { EventStore } from '#event-store/event-store.ts';

export interface PublisherLag {
  /** Up to so many events of the log, public or not, has the publisher not passed yet: exact where positions have no gap. */
  events: number;
  /** How long the next of them has waited. */
  seconds: number;
}

/** How far a publisher that has passed `position` is behind the log. */
export async function publisherLag(store: EventStore, position: number): Promise<PublisherLag> {
  const [head, [oldest]] = await Promise.all([store.head(), store.readAll(position, 1)]);
  if (!oldest) return { events: 0, seconds: 0 };
  return { events: Math.max(1, head - position), seconds: Math.max(0, Date.now() - Date.parse(oldest.recordedAt)) / 1_000 };
}
