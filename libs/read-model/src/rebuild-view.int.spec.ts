import type pg from 'pg';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { resumeAbove } from '#event-store/postgres/resume-above.ts';
import { loseEnd } from '#testing/lose-end.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { until } from '#testing/until.ts';
import { readCheckpoints } from './checkpoints.ts';
import { createDataSource } from './data-source.ts';
import { openPool } from './database.ts';
import { rebuildView } from './rebuild-view.ts';
import { runViews } from './run-views.ts';
import { createTables, dump, latestThings, newEvent, things } from './things.fixture.ts';
import { viewSchema } from './view.ts';

let database: TestDatabase;
let pool: pg.Pool;
let store: EventStore;
const abort: AbortController[] = [];
const ended: Promise<void>[] = [];
const views = [things, latestThings];

beforeEach(async () => {
  database = await testDatabase();
  await migrateEventLog(database.url);
  await createTables(database.url, views);
  pool = openPool(database.url, 8);
  store = await openEventStore(database.url);
});

afterEach(async () => {
  for (const one of abort.splice(0)) one.abort();
  await Promise.all(ended.splice(0));
  await store.close();
  await pool.end();
  await database.drop();
});

test('gives the same tables, byte for byte, under the same names', async () => {
  await appendThings(900);
  await project();
  for (const view of views) {
    const before = { rows: await dump(pool, view), tables: await relations(view) };
    const progress: [number, number][] = [];
    await rebuildView({ store, pool, view, progress: (done, head) => progress.push([done, head]) });
    expect(await dump(pool, view)).toEqual(before.rows);
    expect(await relations(view)).toEqual(before.tables);
    expect(progress).toEqual([[500, 900], [900, 900]]);
  }
  expect(await drift()).toEqual([]);
});

test('repairs tables that were damaged, while events keep coming and readers keep reading', async () => {
  await appendThings(300);
  await project();
  await pool.query(`update ${viewSchema(things)}.rows set title = 'damaged'`);
  await pool.query(`delete from ${viewSchema(things)}.rollup`);
  follow();
  let rebuilt = false;
  const writing = (async () => {
    while (!rebuilt) await appendThings(20);
  })();
  const reading = (async () => {
    while (!rebuilt) await pool.query(`select count(*) from ${viewSchema(things)}.rows`);
  })();
  await rebuildView({ store, pool, view: things });
  rebuilt = true;
  await Promise.all([writing, reading]);
  await appendThings(5);
  await projected();
  const moved = await dump(pool, things);
  expect(moved.filter((row) => row.includes('damaged'))).toEqual([]);

  await rebuildView({ store, pool, view: things });
  expect(await dump(pool, things)).toEqual(moved);
});

test('begins again where a killed rebuild left off, and leaves the view alone if it is stopped', async () => {
  await appendThings(2_500);
  await project();
  const before = await dump(pool, things);
  const stop = new AbortController();
  const stopped = rebuildView({ store, pool, view: things, signal: stop.signal, progress: (done) => done >= 2_000 && stop.abort() });
  await expect(stopped).rejects.toThrow('aborted');
  expect(await dump(pool, things)).toEqual(before);
  expect(await dump(pool, things, `${viewSchema(things)}_next`)).not.toEqual([]);

  await rebuildView({ store, pool, view: things });
  expect(await dump(pool, things)).toEqual(before);
});

test.each([
  ['the log goes on above them', true],
  ['the log ends before them', false],
])('a view that had folded events which the log has lost is rebuilt without them, where %s', async (_, resumed) => {
  await appendThings(100);
  await project();
  const before = await dump(pool, things);
  await appendThings(50);
  await project();
  await loseEnd(database.url, 100);
  if (resumed) await resumeAbove(database.url, 200, newEvent('LogRestored', {}));
  for (const view of views) await rebuildView({ store, pool, view });
  expect(await dump(pool, things)).toEqual(before);
  expect(await readCheckpoints(pool, [things])).toMatchObject([{ position: 100, recordedAt: (await store.readAll(99, 1))[0]!.recordedAt }]);
  await project();
  await appendThings(10);
  await project();
  expect((await readCheckpoints(pool, views)).map(({ position }) => position)).toEqual(Array(2).fill(resumed ? 211 : 110));
  expect(await dump(pool, things)).not.toEqual(before);
});

test('a view of a log that has lost everything is rebuilt empty', async () => {
  await appendThings(5);
  await project();
  await loseEnd(database.url, 0);
  await rebuildView({ store, pool, view: things });
  expect(await dump(pool, things)).toEqual([]);
  expect(await readCheckpoints(pool, [things])).toMatchObject([{ position: 0, recordedAt: null }]);
});

test('one view is rebuilt once at a time', async () => {
  await appendThings(1);
  await project();
  const blocker = await pool.connect();
  await blocker.query(`begin; lock table ${viewSchema(things)}.rows in access share mode`);
  const first = rebuildView({ store, pool, view: things });
  await until(async () => (await pool.query(`select 1 from pg_locks where locktype = 'advisory' and granted`)).rowCount === 1);
  await expect(rebuildView({ store, pool, view: things })).rejects.toThrow('things_v1 is being rebuilt already');
  await blocker.query('commit');
  blocker.release();
  await first;
});

test('an event that the view cannot fold ends the rebuild and leaves the view as it was', async () => {
  await appendThings(3);
  await project();
  const before = await dump(pool, things);
  const broken = { ...things, evolve: () => { throw new Error('no'); } };
  await expect(rebuildView({ store, pool, view: broken })).rejects.toThrow('no');
  expect(await dump(pool, things)).toEqual(before);
});

function follow(): void {
  const stop = new AbortController();
  abort.push(stop);
  ended.push(runViews({ store, pool, views, signal: stop.signal, batchSize: 50 }));
}

/** Brings the views up to the log, and no projector stays. */
async function project(): Promise<void> {
  follow();
  await projected();
  abort.pop()!.abort();
  await ended.pop();
}

async function projected(): Promise<void> {
  const head = await store.head();
  await until(async () => (await readCheckpoints(pool, views)).every(({ position }) => position === head));
}

let streams = 0;

async function appendThings(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 100) {
    const events = Array.from({ length: Math.min(100, left) }, (_, n) =>
      newEvent(n % 17 === 16 ? 'ThingGone' : 'ThingSet', { id: `thing${(n * 7) % 40}`, lines: n % 2 ? ['C4'] : ['C1'], amount: `${n}.50` }),
    );
    await store.append(`thing-${(streams += 1)}`, 0, events);
  }
}

/** Names of tables, indexes and constraints. */
async function relations(view: (typeof views)[number]): Promise<unknown[]> {
  const found = await pool.query(
    `select relname, relkind from pg_class where relnamespace = $1::regnamespace
     union all select conname, contype from pg_constraint where connamespace = $1::regnamespace order by 1, 2`,
    [viewSchema(view)],
  );
  return found.rows;
}

async function drift(): Promise<string[]> {
  const dataSource = createDataSource(database.url, views);
  await dataSource.initialize();
  const log = await dataSource.driver.createSchemaBuilder().log();
  await dataSource.destroy();
  return log.upQueries.map(({ query }) => query);
}
