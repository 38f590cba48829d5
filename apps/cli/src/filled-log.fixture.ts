import type { RecordedEvent } from '#domain/event.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { openPool } from '#read-model/database.ts';
import { runViews } from '#read-model/run-views.ts';
import { readViewLag, type ViewLag } from '#read-model/view-lag.ts';
import { views } from '#read-model/views.ts';
import { until } from '#testing/until.ts';

/** Appends events of a log made in memory, one by one: they get the same positions in an empty log. */
export async function fillLog(url: string, events: readonly RecordedEvent[]): Promise<void> {
  const store = await openEventStore(url);
  try {
    for (const { id, type, data, metadata, stream, revision } of events) await store.append(stream, revision - 1, [{ id, type, data, metadata }]);
  } finally {
    await store.close();
  }
}

/** Brings every view up to the log, which is in the same database unless named; no projector stays. */
export function projectAll(url: string, logUrl = url): Promise<void> {
  return project(url, (lags) => lags.every(({ lagEvents }) => lagEvents === 0), logUrl);
}

/** Runs the views until they are where a test wants them. */
export async function project(url: string, isThere: (lags: ViewLag[]) => boolean, logUrl = url): Promise<void> {
  const store = await openEventStore(logUrl);
  const pool = openPool(url, 4);
  const stop = new AbortController();
  let ended = false;
  const running = runViews({ store, pool, views, signal: stop.signal }).finally(() => (ended = true));
  // Told below, whatever comes of waiting.
  running.catch(() => undefined);
  try {
    await until(async () => ended || isThere(await readViewLag(store, pool, views)));
  } finally {
    stop.abort();
    await running;
    await pool.end();
    await store.close();
  }
}
