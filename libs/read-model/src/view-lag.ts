import type { Pool } from 'pg';
import type { EventStore } from '#event-store/event-store.ts';
import { readCheckpoints, type Standing } from './checkpoints.ts';
import type { View } from './view.ts';

export interface ViewLag extends Standing {
  /** Up to so many events has the view not folded yet: exact where positions have no gap. */
  lagEvents: number;
  /** For how long the next event has been waiting for the view; 0 where none does. */
  lagSeconds: number;
}

/** How far each view is behind the log, in the views' order. */
export async function readViewLag(store: EventStore, pool: Pool, views: readonly View[], now = new Date()): Promise<ViewLag[]> {
  // Checkpoints first: a view must not look as if it were ahead of the log.
  const checkpoints = await readCheckpoints(pool, views);
  const head = await store.head();
  const waitingSince = new Map<number, Date>();
  for (const position of new Set(checkpoints.map((checkpoint) => checkpoint.position))) {
    if (position < head) waitingSince.set(position, await nextRecordedAt(store, position, now));
  }
  return checkpoints.map((checkpoint) => ({
    ...checkpoint,
    // A view may stand above the end of a log that has lost it.
    lagEvents: Math.max(0, head - checkpoint.position),
    lagSeconds: Math.max(0, now.getTime() - (waitingSince.get(checkpoint.position) ?? now).getTime()) / 1_000,
  }));
}

async function nextRecordedAt(store: EventStore, position: number, now: Date): Promise<Date> {
  const [next] = await store.readAll(position, 1);
  return next ? new Date(next.recordedAt) : now;
}
