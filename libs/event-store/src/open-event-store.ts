import type { EventStore } from './event-store.ts';
import { PostgresEventStore, type PostgresEventStoreOptions } from './postgres/postgres-event-store.ts';

/**
 * Opens the log that a URL names: postgres:// or postgresql://.
 * @throws EventStoreError EVENT_STORE.UNAVAILABLE when it can't be reached or is not set up
 * @throws Error for another kind of URL
 */
export async function openEventStore(url: string, options: Omit<PostgresEventStoreOptions, 'url'> = {}): Promise<EventStore> {
  const scheme = URL.canParse(url) ? new URL(url).protocol : undefined;
  switch (scheme) {
    case 'postgres:':
    case 'postgresql:':
      return PostgresEventStore.connect({ ...options, url });
    case undefined:
      throw new Error('the URL of the event store is no URL; one looks like postgresql://user:password@host:5432/database');
    default:
      throw new Error(`no event store for ${scheme}// URLs; use postgres:// or postgresql://`);
  }
}
