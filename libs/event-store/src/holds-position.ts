import { eventAt } from './event-at.ts';
import type { EventStore } from './event-store.ts';

/**
 * Whether there is an event at a position, or the position is 0, before the first. Who followed the log up to where
 * none is has followed another log, or one that has lost its end since (see LogRestored).
 */
export async function holdsPosition(store: EventStore, position: number): Promise<boolean> {
  return position === 0 || (await eventAt(store, position)) !== undefined;
}

/** Of several positions those where the log has no event; each is looked up once. */
export async function positionsNotHeld(store: EventStore, positions: readonly number[]): Promise<Set<number>> {
  const notHeld = new Set<number>();
  for (const position of new Set(positions)) if (!(await holdsPosition(store, position))) notHeld.add(position);
  return notHeld;
}
