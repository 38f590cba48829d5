import type { RecordedEvent } from '#domain/event.ts';
import type { EventStore } from './event-store.ts';

/**
 * The event at a position, or, where none stands there, the first above it; undefined where the log ends before. Where
 * positions have gaps the one below may hold no event, and to read from there costs a store some milliseconds: not for
 * the way of every command.
 */
export async function eventAtOrAbove(store: EventStore, position: number): Promise<RecordedEvent | undefined> {
  const [event] = await store.readAll(Math.max(0, position - 1), 1);
  return event;
}

/** The event at a position; undefined where none stands there. */
export async function eventAt(store: EventStore, position: number): Promise<RecordedEvent | undefined> {
  const event = await eventAtOrAbove(store, position);
  return event?.position === position ? event : undefined;
}
