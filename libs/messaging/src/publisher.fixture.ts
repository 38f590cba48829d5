import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type Admin } from 'kafkajs';
import pg from 'pg';
import { CloudEvent, topics } from '#contracts/published.ts';
import type { NewEvent } from '#domain/event.ts';
import { type EmbeddedKafka, startKafka } from '#embedded/kafka.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { endPool } from '#event-store/postgres/connections.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { testDatabase } from '#testing/postgres.ts';
import { until } from '#testing/until.ts';
import type { Kafka, Log, StoredRecord } from './kafka.ts';
import { openKafka } from './kafkajs/open-kafka.ts';
import { migratePublisher } from './postgres/publisher-session.ts';
import { Publisher } from './publisher.ts';

export const silent: Log = { log: () => undefined, warn: () => undefined, error: () => undefined };

export interface Broker {
  brokers: string[];
  administer<T>(work: (admin: Admin) => Promise<T>): Promise<T>;
  reader: Kafka;
  /** Every record of a topic, by partition and then offset. */
  records(topic: string): Promise<StoredRecord[]>;
  deleteTopics(...names: string[]): Promise<void>;
  /** As a power failure would, and up again on the same data and port. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A broker of the test file's own: the names of topics are fixed, and some tests take it down. */
export async function startBroker(): Promise<Broker> {
  // Named like the folders of the shared servers, so that what a killed run leaves is cleaned up with theirs.
  const folder = mkdtempSync(join(tmpdir(), `ledger-test-${process.pid}-`));
  let server = await start(folder);
  const { brokers } = server;
  const administer = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    return work(admin).finally(() => admin.disconnect());
  };
  const reader = openKafka(brokers, silent);
  return {
    brokers,
    administer,
    reader,
    async records(topic) {
      const found: StoredRecord[] = [];
      const ranges = (await reader.offsets(topic)).filter(({ first, next }) => next > first);
      await reader.read(ranges.map(({ partition, first, next }) => ({ topic, partition, from: first, to: next })), (record) => found.push(record));
      return found.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
    },
    deleteTopics: (...names) => administer(async (admin) => {
      const existing = new Set(await admin.listTopics());
      const found = names.filter((name) => existing.has(name));
      if (found.length > 0) await admin.deleteTopics({ topics: found });
      await until(async () => !(await admin.listTopics()).some((name) => names.includes(name)));
    }),
    async kill() {
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
    },
    async restart() {
      server = await start(folder);
    },
    async stop() {
      await reader.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function start(folder: string): Promise<EmbeddedKafka> {
  const server = await startKafka({ dataDir: join(folder, 'kafka') });
  if ('missing' in server) throw new Error(`these tests need Kafka: ${server.missing}`);
  return server;
}

export interface Ledger {
  url: string;
  store: EventStore;
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>;
  drop(): Promise<void>;
}

/** A database of its own with an empty log and the publisher's tables. */
export async function startLedger(): Promise<Ledger> {
  const database = await testDatabase();
  await migrateEventLog(database.url);
  await migratePublisher(database.url);
  const store = await openEventStore(database.url);
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  return {
    url: database.url,
    store,
    query: async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []) => (await pool.query<R>(text, values)).rows,
    async drop() {
      await store.close();
      // Until its connections are gone: those that the drop ends would be an error of the pool's.
      await endPool(pool);
      await database.drop();
    },
  };
}

/** Appends one event; `AgencyRenamed` is public, `FindingRaised` is not, `AgencyDissolved` is unknown. */
export async function append({ store }: Ledger, stream: string, type: string, data: object = {}): Promise<number> {
  const result = await store.append(stream, 'any', [newEvent(type, data)]);
  if (result.outcome === 'conflict') throw new Error('conflict');
  return result.position;
}

/** Appends so many events of a type, a hundred at once, in turn to the streams. */
export async function appendMany({ store }: Ledger, count: number, streams: readonly string[], type = 'AgencyRenamed', data: object = {}): Promise<void> {
  for (let done = 0, turn = 0; done < count; done += 100, turn += 1) {
    const events = Array.from({ length: Math.min(100, count - done) }, () => newEvent(type, data));
    await store.append(streams[turn % streams.length]!, 'any', events);
  }
}

/** What the data of some types must have. */
const NEEDED: Record<string, object> = {
  AgencyRenamed: { names: { en: 'An agency' } },
  SdgLinksSet: { matrixVersion: '2019', sdgs: [9] },
  IndicatorRevised: { titles: { en: 'An indicator' }, min: null, max: null, sourceClass: 'itu', measures: 'context' },
};

export function newEvent(type: string, data: object): NewEvent {
  return {
    id: randomUUID(),
    type,
    data: { ...NEEDED[type], ...data },
    metadata: {
      commandId: randomUUID(),
      requestHash: createHash('sha256').update('').digest('hex'),
      actor: { id: 'someone', agency: 'UNDP', role: 'administrator' },
      occurredOn: '2021-10-01',
      schemaVersion: 1,
      salt: '0'.repeat(32),
    },
  };
}

export interface RunningPublisher {
  publisher: Publisher;
  /** How it ended: undefined when it was told to stop. */
  ended: Promise<unknown>;
  published(position: number): Promise<void>;
  stop(): Promise<void>;
}

export function startPublisher(ledger: Pick<Ledger, 'url' | 'store'>, broker: Broker): RunningPublisher {
  const stopping = new AbortController();
  const publisher = new Publisher({
    store: ledger.store, databaseUrl: ledger.url, log: silent, openKafka: () => openKafka(broker.brokers, silent),
  });
  const ended = publisher.run(stopping.signal).then(() => undefined, (error: unknown) => error);
  const published = async (position: number): Promise<void> => {
    await until(() => publisher.status().position >= position, { deadlineMs: 25_000 });
  };
  const stop = async (): Promise<void> => {
    stopping.abort();
    const error = await ended;
    if (error) throw error as Error;
  };
  return { publisher, ended, published, stop };
}

/** Publishes all that is in the log, then ends. */
export async function publishAll(ledger: Pick<Ledger, 'url' | 'store'>, broker: Broker): Promise<void> {
  const running = startPublisher(ledger, broker);
  const head = await ledger.store.head();
  await Promise.race([running.published(head), running.ended]);
  await running.stop();
}

/** Ids of the events in all topics, in order of sequence; an event that stands there twice is named twice. */
export async function publishedIds(broker: Broker): Promise<string[]> {
  const events: CloudEvent[] = [];
  for (const topic of topics) for (const { value } of await broker.records(topic)) events.push(CloudEvent.parse(JSON.parse(value)));
  return events.sort((a, b) => (a.sequence < b.sequence ? -1 : 1)).map(({ id }) => id);
}

/** Ids of the log's public events, in order. */
export async function loggedIds({ store }: Ledger, ...restricted: string[]): Promise<string[]> {
  return (await store.readAll(0, 10_000)).filter(({ type }) => !restricted.includes(type)).map(({ id }) => id);
}
