import type pg from 'pg';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { until } from '#testing/until.ts';
import { createCheckpoints, moveCheckpoints } from './checkpoints.ts';
import { inTransaction, openPool } from './database.ts';
import { PositionWatch } from './position-watch.ts';
import { createTables, latestThings, recorded, things } from './things.fixture.ts';
import type { View } from './view.ts';

let database: TestDatabase;
let pool: pg.Pool;
let watch: PositionWatch;
const views = [things, latestThings];

beforeEach(async () => {
  database = await testDatabase();
  await createTables(database.url, []);
  pool = openPool(database.url, 4);
  watch = new PositionWatch(database.url, pool, views);
  await createCheckpoints(pool, views);
});

afterEach(async () => {
  await watch.close();
  await pool.end();
  await database.drop();
});

test('answers at once where the views are there already', async () => {
  await moveTo(7);
  expect(await watch.waitForPosition(views, 7, { deadlineMs: 60_000 })).toBe(7);
});

test('a thousand wait, and all go when the last of their views is there', async () => {
  const waiting = Array.from({ length: 1_000 }, () => watch.waitForPosition(views, 3, { deadlineMs: 60_000 }));
  const oneView = watch.waitForPosition([things], 3, { deadlineMs: 60_000 });
  await moveTo(3, [things]);
  expect(await oneView).toBe(3);
  await moveTo(4, [latestThings]);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([3]));
});

test('tells how far the views are where the deadline comes first', async () => {
  await moveTo(2);
  expect(await watch.waitForPosition(views, 3, { deadlineMs: 50 })).toBe(2);
});

test('goes on after the listening connection was lost', async () => {
  const waiting = watch.waitForPosition(views, 5, { deadlineMs: 60_000 });
  await until(async () => {
    const broken = await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'read-model-watch' and datname = current_database()`);
    return broken.rowCount === 1;
  });
  await moveTo(5);
  expect(await waiting).toBe(5);
});

test('closing lets everyone go', async () => {
  const waiting = watch.waitForPosition(views, 5, { deadlineMs: 60_000 });
  await until(async () => (await pool.query(`select 1 from pg_stat_activity where application_name = 'read-model-watch' and datname = current_database()`)).rowCount);
  await watch.close();
  expect(await waiting).toBe(0);
});

async function moveTo(position: number, which: View[] = views): Promise<void> {
  const [event] = recorded([['ThingSet', { id: 'a' }]], position);
  await inTransaction(pool, (client) => moveCheckpoints(client, which, event!));
}
