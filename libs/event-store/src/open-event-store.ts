import type { EventStore } from './event-store.ts';
import { KurrentDbEventStore } from './kurrentdb/kurrentdb-event-store.ts';
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
  return kindOfLog(url) === 'PostgreSQL' ? PostgresEventStore.connect({ ...options, url }) : KurrentDbEventStore.connect(url, options);
}
