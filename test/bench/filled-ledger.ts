import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import type { BenchContext } from './bench.ts';
import { asOwner } from '#testing/postgres.ts';
import { realisticHistory, recordHistory, UPDATES_FOR_TEN_EVENTS } from './realistic-history.ts';
import { rebuildAll } from './rebuild.bench.ts';

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
  await store.close();
  context.say(`projecting ${shown} events ...`);
  // As `ledger rebuild` does, which takes minutes less than a projector that catches up.
  await rebuildAll(url);
  await settle(url);
}

/** What autovacuum does within the minutes after so much was written; here before anything is measured. */
async function settle(url: string): Promise<void> {
  await asOwner(url, async (client) => {
    await client.query('vacuum (analyze)');
    await client.query('checkpoint');
  });
}
