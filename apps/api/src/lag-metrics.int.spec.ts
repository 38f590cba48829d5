import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { migratePublisher, PublisherSession } from '#messaging/postgres/publisher-session.ts';
import { Metrics } from '#platform/metrics.module.ts';
import { openPool } from '#read-model/database.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import { logOf } from '#testing/given.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { catalogue } from '#testing/scenes.ts';
import { LagMetrics } from './lag-metrics.ts';

let database: TestDatabase;
let store: EventStore;

beforeAll(async () => {
  database = await testDatabase();
  await migrateEventLog(database.url);
  await migrateReadModel(database.url);
  store = await openEventStore(database.url);
  for (const { stream, revision, ...event } of logOf(catalogue)) await store.append(stream, revision - 1, [event]);
});

afterAll(async () => {
  await store.close();
  await database.drop();
});

test('views and publisher are told as far behind as they are', async () => {
  const head = await store.head();
  const pool = openPool(database.url, 1);
  await pool.query(`insert into read_model.checkpoints (view, position) values ('agencies_v1', ${head}), ('commitments_v1', ${head - 2})`);
  await pool.end();
  const metrics = new Metrics();
  const lag = new LagMetrics(store, database.url, metrics);

  const before = await lagsOf(metrics);
  expect(before.get('ledger_lag_events{follower="agencies_v1"}')).toBe(0);
  expect(before.get('ledger_lag_seconds{follower="agencies_v1"}')).toBe(0);
  expect(before.get('ledger_lag_events{follower="commitments_v1"}')).toBe(2);
  expect(before.get('ledger_lag_seconds{follower="commitments_v1"}')).toBeGreaterThan(0);
  expect(before.get('ledger_lag_events{follower="findings_v1"}')).toBe(head);
  expect(before.has('ledger_lag_events{follower="publisher"}')).toBe(false);

  await migratePublisher(database.url);
  expect((await lagsOf(metrics)).has('ledger_lag_events{follower="publisher"}')).toBe(false);
  const session = await PublisherSession.open(database.url);
  await session.save(head - 3, []);
  await session.close();
  const after = await lagsOf(metrics);
  expect(after.get('ledger_lag_events{follower="publisher"}')).toBe(3);
  expect(after.get('ledger_lag_seconds{follower="publisher"}')).toBeGreaterThan(0);

  await lag.onApplicationShutdown();
});

test('without the database there are no figures, and the scrape does not fail', async () => {
  const metrics = new Metrics();
  const away = new URL(database.url);
  away.pathname = '/nowhere';
  const lag = new LagMetrics(store, away.href, metrics);
  expect([...(await lagsOf(metrics)).keys()]).toEqual([]);
  expect(await metrics.registry.metrics()).toContain('# HELP ledger_lag_events');
  await lag.onApplicationShutdown();
});

/** What a scrape finds: `ledger_lag_events{follower="publisher"}` -> 3 */
async function lagsOf({ registry }: Metrics): Promise<Map<string, number>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('ledger_lag_'));
  return new Map(lines.map((line) => line.split(' ') as [string, string]).map(([name, value]) => [name, Number(value)]));
}
