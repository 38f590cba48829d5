import { restrictedTypes, topics } from '#contracts/published.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { PublisherRefusal } from '#messaging/checkpoint.ts';
import { type Broker, publishAll, publishedIds, startBroker, startPublisher } from '#messaging/publisher.fixture.ts';
import { openPool } from '#read-model/database.ts';
import { dump } from '#read-model/things.fixture.ts';
import { views } from '#read-model/views.ts';
import { logOf } from '#testing/given.ts';
import { asOwner, testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { active } from '#testing/scenes.ts';
import { spreadPositions } from '#testing/spread-positions.ts';
import { fillLog, projectAll } from './filled-log.fixture.ts';
import { run } from './terminal.fixture.ts';

/** What docs/operations.md, "Moving the log to another store", tells to do after `ledger copy`. */
const FORGET_PUBLISHED = 'truncate publisher.progress, publisher.partition';

const life = logOf(active);
const more = life.slice(0, 3).map((event, n) => ({ ...event, id: `0e7c1d5a-6f0f-5a55-8b0e-0d4f6a5f5a1${n}`, stream: `agency-MORE${n}`, revision: 1 }));
let broker: Broker;
let from: TestDatabase;
let to: TestDatabase;
/** Where views and checkpoint stay, and the log moves. */
let env: { DATABASE_URL: string; EVENT_STORE_URL: string };

beforeAll(async () => {
  broker = await startBroker();
}, 90_000);
afterAll(() => broker.stop());

beforeEach(async () => {
  [from, to] = await Promise.all([testDatabase(), testDatabase()]);
  env = { DATABASE_URL: from.url, EVENT_STORE_URL: to.url };
  await run(['migrate'], { DATABASE_URL: from.url });
  await fillLog(from.url, life);
}, 60_000);
afterEach(async () => {
  await Promise.all([from.drop(), to.drop()]);
  await broker.deleteTopics(...topics);
});

test('between two PostgreSQL logs without a gap nothing changes: views and publisher go on', async () => {
  await projectAll(from.url);
  await publish(from.url);
  expect(await copy()).toContain('positions are the same too');
  await fillLog(to.url, more);
  await projectAll(from.url, to.url);
  await publish(to.url);
  expect(await publishedIds(broker)).toEqual(await publicIds(to.url));
  expect(await viewsIn(from.url)).toEqual(await viewsMadeAnew());
}, 60_000);

test.each([
  // As from PostgreSQL to a store that counts bytes.
  { positions: 'higher', spread: () => to, says: 'was filled from another log' },
  // And back.
  { positions: 'lower', spread: () => from, says: 'it has lost its end' },
])('where positions are $positions, the publisher refuses, and all is right after what operations.md says', async ({ spread, says }) => {
  if (spread() === from) await spreadPositions(from.url);
  await projectAll(from.url);
  await publish(from.url);
  const published = await publishedIds(broker);
  expect(await copy()).toContain(spread() === from ? 'positions differ: rebuild' : 'positions are the same too');
  if (spread() === to) await spreadPositions(to.url);
  expect(await refusal(to.url)).toContain(says);
  expect(await publishedIds(broker)).toEqual(published);

  expect(await run(['rebuild'], env)).toMatchObject({ exitCode: 0 });
  await broker.deleteTopics(...topics);
  await asOwner(from.url, (client) => client.query(FORGET_PUBLISHED));
  await fillLog(to.url, more);
  await projectAll(from.url, to.url);
  await publish(to.url);
  expect(await publishedIds(broker)).toEqual([...published, ...(await publicIds(to.url)).slice(published.length)]);
  expect(await viewsIn(from.url)).toEqual(await viewsMadeAnew());
}, 60_000);

/** @returns what it said */
async function copy(): Promise<string> {
  const { exitCode, out } = await run(['copy', '--from', from.url, '--to', to.url]);
  expect(exitCode).toBe(0);
  return out;
}

/** Publishes all that is in the log, with the checkpoint where it has always been. */
async function publish(logUrl: string): Promise<void> {
  await withStore(logUrl, (store) => publishAll({ url: from.url, store }, broker));
}

/** Why the publisher refuses to. */
async function refusal(logUrl: string): Promise<string> {
  const error = await withStore(logUrl, (store) => startPublisher({ url: from.url, store }, broker).ended);
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

/** In the database of the new log, which holds none yet. */
async function viewsMadeAnew(): Promise<string[][]> {
  await run(['migrate'], { DATABASE_URL: to.url });
  await projectAll(to.url);
  return viewsIn(to.url);
}
