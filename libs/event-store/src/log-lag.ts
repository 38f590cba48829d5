import type { EventStore } from './event-store.ts';

/** How far somebody who follows the log is behind it. */
export interface LogLag {
  /** Events not passed yet, counted up to LAG_EVENTS_MAX, which stands for so many or more. */
  events: number;
  /** For how long the next of them has been waiting; 0 where none is. */
  seconds: number;
}

/** Beyond this nobody needs the number, and to count on would cost more than it tells: how long they wait says it better. */
export const LAG_EVENTS_MAX = 1_000;

/**
 * How far somebody who has passed a position is behind the log; by counting, for the difference of two positions is no
 * number of events: there are stores whose positions have gaps of hundreds.
 */
export async function logLag(store: EventStore, position: number, now = new Date()): Promise<LogLag> {
  let events = 0;
  let next: string | undefined;
  for (let after = position; events < LAG_EVENTS_MAX;) {
    const page = await store.readAllText(after, LAG_EVENTS_MAX - events);
    if (page.length === 0) break;
    next ??= page[0]!.recordedAt;
    events += page.length;
    after = page.at(-1)!.position;
  }
  return { events, seconds: next === undefined ? 0 : Math.max(0, now.getTime() - Date.parse(next)) / 1_000 };
}

/** `3 events`, `1000 events or more` */
export function toldEvents(events: number): string {
  if (events >= LAG_EVENTS_MAX) return `${events} events or more`;
  return events === 1 ? '1 event' : `${events} events`;
}
