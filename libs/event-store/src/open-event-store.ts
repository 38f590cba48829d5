import type { EventStore } from './event-store.ts';
import { kindOfLog, wrongInLogUrl } from './log-url.ts';
import { PostgresEventStore } from './postgres/postgres-event-store.ts';
import type { StoreOptions } from './store-options.ts';

/**
 * Opens the log that a URL names: postgres:// or postgresql://; kurrentdb:// or esdb://, either with +discover.
 * @throws EventStoreError EVENT_STORE.UNAVAILABLE when it can't be reached or is not set up
 * @throws Error for another URL, without it: it may hold a password
 */
export async function openEventStore(url: string, options: StoreOptions = {}): Promise<EventStore> {
  const wrong = wrongInLogUrl(url);
  if (wrong) throw new Error(`the URL of the event store ${wrong}`);
  if (kindOfLog(url) === 'PostgreSQL') return PostgresEventStore.connect({ ...options, url });
  // Its client takes 37 MB of memory (measured), which who has his log elsewhere need not pay.
  const { KurrentDbEventStore } = await import('./kurrentdb/kurrentdb-event-store.ts');
  return KurrentDbEventStore.connect(url, options);
}
