import type { EventStore } from './event-store.ts';
import { KurrentDbEventStore } from './kurrentdb/kurrentdb-event-store.ts';
import { PostgresEventStore } from './postgres/postgres-event-store.ts';
import type { StoreOptions } from './store-options.ts';

/**
 * Opens the log that a URL names: postgres:// or postgresql://; kurrentdb:// or esdb://, either with +discover.
 * @throws EventStoreError EVENT_STORE.UNAVAILABLE when it can't be reached or is not set up
 * @throws Error for another kind of URL
 */
export async function openEventStore(url: string, options: StoreOptions = {}): Promise<EventStore> {
  switch (storeOf(url)) {
    case 'PostgreSQL':
      return PostgresEventStore.connect({ ...options, url });
    case 'KurrentDB':
      return KurrentDbEventStore.connect(url, options);
  }
}

/**
 * Which kind of store a URL names.
 * @throws Error for another kind, without the URL: it may hold a password
 */
export function storeOf(url: string): 'PostgreSQL' | 'KurrentDB' {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) throw new Error('the URL of the event store is no URL; one looks like postgresql://user:password@host:5432/database');
  const store = STORES[scheme];
  if (!store) throw new Error(`no event store for ${scheme}: URLs; use ${Object.keys(STORES).map((known) => `${known}://`).join(', ')}`);
  return store;
}

const STORES: Record<string, 'PostgreSQL' | 'KurrentDB'> = {
  postgres: 'PostgreSQL',
  postgresql: 'PostgreSQL',
  kurrentdb: 'KurrentDB',
  'kurrentdb+discover': 'KurrentDB',
  esdb: 'KurrentDB',
  'esdb+discover': 'KurrentDB',
};
