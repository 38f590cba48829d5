import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { createHttpApp, listen } from '#platform/http-app.ts';
import { openPool } from '#read-model/database.ts';
import { parkEvent } from '#read-model/parked-events.ts';
import { createTables, evolveThing, newEvent, things, thingsView } from '#read-model/things.fixture.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { until } from '#testing/until.ts';
import { Projector } from './projector.ts';
import { ProjectorModule, projectorSettings } from './projector.module.ts';

let database: TestDatabase;
let store: EventStore;
let dataDir: string;
let app: NestFastifyApplication;
const picky = thingsView('picky_things', {
  evolve(thing, event, id) {
    const row = evolveThing(thing, event, id);
    if (row?.title === 'refused') throw new Error('refused');
    return row;
  },
});
const views = [things, picky];

beforeEach(async () => {
  database = await testDatabase();
  await migrateEventLog(database.url);
  await createTables(database.url, views);
  store = await openEventStore(database.url);
  dataDir = await mkdtemp(join(tmpdir(), 'projector-'));
});

afterEach(async () => {
  await app.close();
  await store.close();
  await database.drop();
  await rm(dataDir, { recursive: true });
});

test('follows the log, tells its lag and its failing views, and stops cleanly', async () => {
  const url = await startApp();
  await store.append('thing-a', 0, [newEvent('ThingSet', { id: 'a' }), newEvent('ThingSet', { id: 'a' })]);
  await until(async () => (await metric(url, 'projector_view_lag_events{view="things_v1"}')) === 0 && (await metric(url, 'projector_batch_events_sum')) === 2);
  expect(await (await fetch(`${url}/health/ready`)).json()).toEqual({
    status: 'ready',
    checks: { log: { ok: true, detail: expect.stringMatching(/^PostgreSQL \d+(\.\d+)+, primary; ends at 2$/) }, views: { ok: true, detail: '0 events behind' } },
  });

  await store.append('thing-b', 0, [newEvent('ThingSet', { id: 'b', title: 'refused' })]);
  await until(async () => (await metric(url, 'projector_view_failing{view="picky_things_v1"}')) === 1);
  expect(await metric(url, 'projector_view_lag_events{view="picky_things_v1"}')).toBe(1);
  expect(await metric(url, 'projector_view_lag_seconds{view="picky_things_v1"}')).toBeGreaterThan(0);
  const ready = (await (await fetch(`${url}/health/ready`)).json()) as { checks: { views: unknown } };
  expect(ready.checks.views).toEqual({ ok: true, detail: '1 event behind; picky_things_v1 fails at 3 (ThingSet in thing-b): refused' });
  expect(await metric(url, 'ledger_view_failing_event{view="picky_things_v1",position="3",stream="thing-b",event_type="ThingSet",error="refused"}')).toBe(1);

  const pool = openPool(database.url, 1);
  await parkEvent({ store, pool, view: picky, position: 3, reason: 'Sent twice', actor: { id: 'operator-7', agency: 'ITU' } });
  await pool.end();
  expect(await metric(url, 'ledger_view_parked_events{view="picky_things_v1"}')).toBe(1);
  expect(await metric(url, 'ledger_view_parked_events{view="things_v1"}')).toBe(0);
  expect((await (await fetch(`${url}/metrics`)).text())).not.toContain('ledger_view_failing_event{');
  const parked = (await (await fetch(`${url}/health/ready`)).json()) as { checks: { views: unknown } };
  expect(parked.checks.views).toEqual({ ok: true, detail: '0 events behind; picky_things_v1 has 1 parked' });

  await app.close();
  await app.get(Projector).ended;
});

test('ends with an error where the tables are missing', async () => {
  await migrateEventLog(database.url);
  const other = thingsView('unmigrated', {});
  const empty = await testDatabase();
  await startApp({ DATABASE_URL: empty.url }, [other]);
  await expect(app.get(Projector).ended).rejects.toThrow('"read_model.checkpoints" does not exist');
  await app.close();
  await empty.drop();
});

async function startApp(change: Record<string, string> = {}, which = views): Promise<string> {
  const config = projectorSettings.parse({
    PORT: '0',
    DATA_DIR: dataDir,
    LOG_LEVEL: 'fatal',
    DATABASE_URL: database.url,
    EVENT_STORE_URL: database.url,
    ...change,
  });
  app = await createHttpApp(ProjectorModule.of(config, which), config);
  return listen(app, config);
}

async function metric(url: string, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length));
}
