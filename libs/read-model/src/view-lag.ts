import type { Pool } from 'pg';
import type { EventStore } from '#event-store/event-store.ts';
import { logLag, type LogLag } from '#event-store/log-lag.ts';
import { readCheckpoints, type Standing } from './checkpoints.ts';
import type { View } from './view.ts';

export interface ViewLag extends Standing {
  /** Events that the view has not folded yet, counted up to LAG_EVENTS_MAX, which stands for so many or more. */
  lagEvents: number;
  /** For how long the next event has been waiting for the view; 0 where none does. */
  lagSeconds: number;
}

/** How far each view is behind the log, in the views' order. Of one that stands above the end of a log that has lost it nothing waits. */
export async function readViewLag(store: EventStore, pool: Pool, views: readonly View[], now = new Date()): Promise<ViewLag[]> {
  const checkpoints = await readCheckpoints(pool, views);
  const lags = new Map<number, LogLag>();
  // Most views stand at the same position.
  for (const position of new Set(checkpoints.map((checkpoint) => checkpoint.position))) lags.set(position, await logLag(store, position, now));
  return checkpoints.map((checkpoint) => {
    const { events, seconds } = lags.get(checkpoint.position)!;
    return { ...checkpoint, lagEvents: events, lagSeconds: seconds };
  });
}
