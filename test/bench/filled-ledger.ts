import pg from 'pg';
import { startApp } from '#embedded/apps.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { openPool } from '#read-model/database.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import { PositionWatch } from '#read-model/position-watch.ts';
import { views } from '#read-model/views.ts';
import type { BenchContext } from './bench.ts';
import { realisticHistory, recordHistory, UPDATES_FOR_TEN_EVENTS } from './realistic-history.ts';

const PROJECTED_MS_MAX = 30 * 60_000;

/** A realistic log of ten events a commitment, with its views. @returns the database's URL */
export async function filledLedger(context: BenchContext, events: number): Promise<string> {
  const url = await context.database();
  await fillLedger(context, url, events);
  return url;
}

/** The same in a database that is there. */
export async function fillLedger(context: BenchContext, url: string, events: number): Promise<void> {
  const shown = events.toLocaleString('en-US');
  await migrateEventLog(url);
  await migrateReadModel(url);
  context.say(`recording ${shown} events ...`);
  const store = await openEventStore(url);
  await recordHistory(store, realisticHistory({ seed: 1, events, updatesEach: UPDATES_FOR_TEN_EVENTS }));
  const head = await store.head();
  await store.close();
  context.say(`projecting ${shown} events ...`);
  await project(context, url, head);
  await settle(url);
}

async function project(context: BenchContext, url: string, head: number): Promise<void> {
  const projector = await startApp('projector', {
    dataDir: context.folder, report: context.say,
    env: { ...process.env, DATA_DIR: context.folder, DATABASE_URL: url, EVENT_STORE_URL: url, PORT: '0' },
  });
  const pool = openPool(url, 1);
  const watch = new PositionWatch(url, pool, views);
  try {
    const reached = await watch.waitForPosition(views, head, { deadlineMs: PROJECTED_MS_MAX });
    if (reached < head) throw new Error(`the views have come to ${reached} of ${head} in ${PROJECTED_MS_MAX / 60_000} minutes`);
  } finally {
    await watch.close();
    await pool.end();
    await projector.stop();
  }
}

/** What autovacuum does within the minutes after so much was written; here before anything is measured. */
async function settle(url: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query('vacuum (analyze)');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}
