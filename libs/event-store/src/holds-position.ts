import type { EventStore } from './event-store.ts';

/**
 * Whether there is an event at a position, or the position is 0, before the first. Who followed the log up to where
 * none is has followed another log, or one that has lost its end since (see LogRestored).
 */
export async function holdsPosition(store: EventStore, position: number): Promise<boolean> {
  if (position === 0) return true;
  const [event] = await store.readAll(position - 1, 1);
  return event?.position === position;
}
