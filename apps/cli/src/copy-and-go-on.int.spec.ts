import { randomUUID } from 'node:crypto';
import { restrictedTypes, topics } from '#contracts/published.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { KurrentDbDouble } from '#kurrentdb-double/kurrentdb-double.ts';
import { PublisherRefusal } from '#messaging/checkpoint.ts';
import { type Broker, publishAll, publishedIds, startBroker, startPublisher } from '#messaging/publisher.fixture.ts';
import { openPool } from '#read-model/database.ts';
import { dump } from '#read-model/things.fixture.ts';
import { views } from '#read-model/views.ts';
import { logOf } from '#testing/given.ts';
import { asOwner, testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { active } from '#testing/scenes.ts';
import { fillLog, projectAll } from './filled-log.fixture.ts';
import { run } from './terminal.fixture.ts';

/** What docs/operations.md, "Moving the log to another store", tells to do after `ledger copy`. */
const FORGET_PUBLISHED = 'truncate publisher.progress, publisher.partition';

const life = logOf(active);
const more = life.slice(0, 3).map((event, n) => ({ ...event, id: `0e7c1d5a-6f0f-5a55-8b0e-0d4f6a5f5a1${n}`, stream: `agency-MORE${n}`, revision: 1 }));
let broker: Broker;
let server: KurrentDbDouble;
/** Two databases, in each of which a log may be, and views and checkpoint of whoever follows a log. */
let database: TestDatabase;
let other: TestDatabase;

beforeAll(async () => {
  [broker, server] = await Promise.all([startBroker(), KurrentDbDouble.start()]);
}, 90_000);
afterAll(() => Promise.all([broker.stop(), server.stop()]));

beforeEach(async () => {
  [database, other] = await Promise.all([testDatabase(), testDatabase()]);
}, 60_000);
afterEach(async () => {
  await Promise.all([database.drop(), other.drop()]);
  await broker.deleteTopics(...topics);
});

test('between two PostgreSQL logs without a gap nothing changes: views and publisher go on', async () => {
  await follow(database.url);
  expect(await copy(database.url, other.url)).toContain('positions are the same too');
  await fillLog(other.url, more);
  await projectAll(database.url, other.url);
  await publish(other.url);
  expect(await publishedIds(broker)).toEqual(await publicIds(other.url));
  expect(await viewsIn(database.url)).toEqual(await viewsMadeAnew(other.url));
}, 60_000);

test.each([
  // Its positions count bytes, so they are the higher ones.
  { move: 'to KurrentDB', from: () => database.url, to: () => newLog(), says: 'was filled from another log' },
  { move: 'from KurrentDB', from: () => newLog(), to: () => other.url, says: 'it has lost its end' },
])('$move, the publisher refuses, and all is right after what operations.md says', async (move) => {
  const [from, to] = [move.from(), move.to()];
  await follow(from);
  const published = await publishedIds(broker);
  expect(await copy(from, to)).toContain('positions differ: rebuild');
  expect(await refusal(to)).toContain(move.says);
  expect(await publishedIds(broker)).toEqual(published);
  await expect(projectAll(database.url, to)).rejects.toThrow('rebuild the view');

  expect(await run(['rebuild'], { DATABASE_URL: database.url, EVENT_STORE_URL: to })).toMatchObject({ exitCode: 0 });
  await broker.deleteTopics(...topics);
  await asOwner(database.url, (client) => client.query(FORGET_PUBLISHED));
  await fillLog(to, more);
  await projectAll(database.url, to);
  await publish(to);
  expect(await publishedIds(broker)).toEqual([...published, ...(await publicIds(to)).slice(published.length)]);
  expect(await publishedIds(broker)).toEqual(await publicIds(to));
  expect(await viewsIn(database.url)).toEqual(await viewsMadeAnew(to));
}, 60_000);

function newLog(): string {
  return `${server.url}&log=t${randomUUID().slice(0, 8)}`;
}

/** A log with views and topics that follow it; they are kept in the one database. */
async function follow(log: string): Promise<void> {
  expect(await run(['migrate'], { DATABASE_URL: database.url, EVENT_STORE_URL: log })).toMatchObject({ exitCode: 0 });
  await fillLog(log, life);
  await projectAll(database.url, log);
  await publish(log);
}

/** @returns what it said */
async function copy(from: string, to: string): Promise<string> {
  const { exitCode, out } = await run(['copy', '--from', from, '--to', to]);
  expect(exitCode).toBe(0);
  return out;
}

/** Publishes all that is in the log, with the checkpoint where it has always been. */
async function publish(logUrl: string): Promise<void> {
  await withStore(logUrl, (store) => publishAll({ url: database.url, store }, broker));
}

/** Why the publisher refuses to. */
async function refusal(logUrl: string): Promise<string> {
  const error = await withStore(logUrl, (store) => startPublisher({ url: database.url, store }, broker).ended);
  expect(error).toBeInstanceOf(PublisherRefusal);
  return (error as Error).message;
}

async function withStore<T>(logUrl: string, work: (store: EventStore) => Promise<T>): Promise<T> {
  const store = await openEventStore(logUrl);
  return work(store).finally(() => store.close());
}

async function publicIds(logUrl: string): Promise<string[]> {
  const events = await withStore(logUrl, (store) => store.readAll(0, 1_000));
  return events.filter(({ type }) => !restrictedTypes.includes(type)).map(({ id }) => id);
}

async function viewsIn(url: string): Promise<string[][]> {
  const pool = openPool(url, 2);
  const rows: string[][] = [];
  for (const view of views) rows.push(await dump(pool, view));
  await pool.end();
  return rows;
}

/** In the other database, which holds none yet. */
async function viewsMadeAnew(log: string): Promise<string[][]> {
  await run(['migrate'], { DATABASE_URL: other.url, EVENT_STORE_URL: log });
  await projectAll(other.url, log);
  return viewsIn(other.url);
}
