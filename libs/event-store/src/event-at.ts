import type { RecordedEvent } from '#domain/event.ts';
import { EventStoreError, type EventStore } from './event-store.ts';
import { pause } from './pause.ts';

/**
 * Events above a position, in order, `limit` at most; none only where the log ends there. Pages of a store may come from
 * a node that is behind the one that tells of the end: then it is waited for, where who takes too few for all would
 * take the log for one that has lost its end.
 * @throws EventStoreError EVENT_STORE.UNAVAILABLE where that node stays behind
 */
export async function eventsAbove(store: EventStore, after: number, limit: number): Promise<RecordedEvent[]> {
  for (let looks = 1; ; looks += 1) {
    const events = await store.readAll(after, limit);
    if (events.length > 0) return events;
    const head = await store.head();
    if (head <= after) return [];
    if (looks === LOOKS_MAX) throw new EventStoreError('EVENT_STORE.UNAVAILABLE', `the event log ends at position ${head}, and the node that is read from gives no event above ${after}`);
    await pause(LOOK_MS, new AbortController().signal);
  }
}

/**
 * The event at a position, or, where none stands there, the first above it; undefined where the log ends before. Where
 * positions have gaps the one below may hold no event, and to read from there costs a store some milliseconds: not for
 * the way of every command.
 * @throws EventStoreError
 */
export async function eventAtOrAbove(store: EventStore, position: number): Promise<RecordedEvent | undefined> {
  const [event] = await eventsAbove(store, Math.max(0, position - 1), 1);
  return event;
}

/** The event at a position; undefined where none stands there. @throws EventStoreError */
export async function eventAt(store: EventStore, position: number): Promise<RecordedEvent | undefined> {
  const event = await eventAtOrAbove(store, position);
  return event?.position === position ? event : undefined;
}

const LOOK_MS = 100;
/** A node that does not lead is behind for milliseconds; for a second where it is slow. */
const LOOKS_MAX = 20;
