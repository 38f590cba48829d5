import type pg from 'pg';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { resumeAbove } from '#event-store/postgres/resume-above.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { until } from '#testing/until.ts';
import { readCheckpoints } from './checkpoints.ts';
import { openPool } from './database.ts';
import { runViews, type RunReport } from './run-views.ts';
import { createTables, dump, evolveThing, latestThings, newEvent, things, thingsView } from './things.fixture.ts';
import { viewSchema, type View } from './view.ts';

let database: TestDatabase;
let pool: pg.Pool;
let store: EventStore;
/** Fails, at one title, for as long as a test says so: in the fold, or in the database. */
let poison: 'fold' | 'database' | undefined;
const touchy = thingsView('touchy_things', {
  evolve(thing, event, id) {
    const row = evolveThing(thing, event, id);
    if (row?.title !== 'poison' || poison === undefined) return row;
    if (poison === 'fold') throw new Error('I do not like it');
    return { ...row, dueOn: 'not a date' };
  },
});
const views = [things, latestThings, touchy];
const runs: { abort: AbortController; ended: Promise<void> }[] = [];

beforeEach(async () => {
  poison = undefined;
  database = await testDatabase();
  await migrateEventLog(database.url);
  await createTables(database.url, views);
  pool = openPool(database.url, 4);
  store = await openEventStore(database.url);
});

afterEach(async () => {
  for (const run of runs.splice(0)) {
    run.abort.abort();
    await run.ended;
  }
  await store.close();
  await pool.end();
  await database.drop();
});

test('views catch up with the log in batches, then follow it', async () => {
  await appendThings(25);
  start(views, { batchSize: 7 });
  await allAt(25);
  await appendThings(1);
  await allAt(26);
  const counted = await pool.query(`select sum(times)::int as times, count(*)::int as things from ${viewSchema(latestThings)}.rows`);
  expect(counted.rows).toEqual([{ times: 26, things: 5 }]);
  const [checkpoint] = await readCheckpoints(pool, [things]);
  expect(checkpoint).toEqual({
    view: 'things_v1',
    position: 26,
    recordedAt: (await store.readAll(25, 1))[0]!.recordedAt,
    error: null,
    errorPosition: null,
    errorStream: null,
    errorEventType: null,
    failingSince: null,
    parkedEvents: 0,
  });
});

test('views at the same position move together, and a new one joins them once it has caught up', async () => {
  await appendThings(20);
  await stop(start([things]));
  const moves: string[][] = [];
  start([things, latestThings], { batchSize: 5, report: { moved: (moved) => moves.push(moved.map(({ name }) => name)) } });
  await allAt(20, [things, latestThings]);
  await appendThings(1);
  await allAt(21, [things, latestThings]);
  expect(moves).toEqual([...Array<string[]>(4).fill(['latest_things']), ['things', 'latest_things']]);
});

test.each(['fold', 'database'] as const)('a view that fails in the %s stays just before the event, others go on, and it recovers', async (where) => {
  poison = where;
  await appendThings(9);
  await store.append('thing-poison', 0, [newEvent('ThingSet', { id: 'p', title: 'poison' })]);
  await appendThings(9);
  const failures: unknown[] = [];
  const recovered: string[] = [];
  start(views, {
    report: {
      failing: (view, event) => failures.push([view.name, event.position]),
      recovered: (view) => recovered.push(view.name),
    },
  });
  await allAt(19, [things, latestThings]);
  const stuck = await until(async () => (await readCheckpoints(pool, [touchy])).find(({ error }) => error !== null));
  expect(stuck).toMatchObject({
    position: 9,
    errorPosition: 10,
    errorStream: 'thing-poison',
    errorEventType: 'ThingSet',
    error: where === 'fold' ? 'I do not like it' : expect.stringContaining('not a date'),
    failingSince: expect.any(String),
  });
  expect(await dump(pool, touchy)).toHaveLength(9);
  await appendThings(1);
  await allAt(20, [things, latestThings]);
  await until(() => failures.length >= 2);
  expect(failures.slice(0, 2)).toEqual([['touchy_things', 10], ['touchy_things', 10]]);

  poison = undefined;
  await allAt(20, [touchy]);
  expect(recovered).toEqual(['touchy_things']);
  expect((await readCheckpoints(pool, [touchy]))[0]).toMatchObject({ error: null, errorPosition: null, errorStream: null, failingSince: null });
});

test('a view may be alone, fail, and recover', async () => {
  poison = 'fold';
  start([touchy]);
  await store.append('thing-poison', 0, [newEvent('ThingSet', { id: 'p', title: 'poison' })]);
  await until(async () => (await readCheckpoints(pool, [touchy]))[0]!.error);
  await appendThings(3);
  poison = undefined;
  await allAt(4, [touchy]);
});

test('two projectors at once do each event once', async () => {
  start(views, { batchSize: 3 });
  start(views, { batchSize: 4 });
  for (let n = 0; n < 20; n++) await appendThings(5);
  await allAt(100);
  const counted = await pool.query(`select sum(times)::int as times from ${viewSchema(latestThings)}.rows`);
  expect(counted.rows).toEqual([{ times: 100 }]);
  const versions = await pool.query(`select count(*)::int as versions from ${viewSchema(things)}.rows`);
  expect(versions.rows).toEqual([{ versions: 100 }]);
});

test('lost connections cost nothing but time', async () => {
  const run = start(views, { batchSize: 3 });
  for (let n = 0; n < 10; n++) {
    await appendThings(10);
    await terminate('true');
  }
  await allAt(100);
  await stop(run);
  const survived = await Promise.all(views.map((view) => dump(pool, view)));
  await pool.query('truncate read_model.checkpoints');
  for (const view of views) await pool.query(`truncate ${viewSchema(view)}.rows`);
  await pool.query(`truncate ${viewSchema(things)}.rollup`);
  await stop(start(views), 100);
  expect(await Promise.all(views.map((view) => dump(pool, view)))).toEqual(survived);
});

test('a connection lost in the middle of a transaction leaves nothing half done', async () => {
  const waiting: string[] = [];
  start(views, { report: { waiting: (error) => waiting.push(error.message) } });
  await allAt(0);
  const blocker = await pool.connect();
  await blocker.query('begin');
  await blocker.query(`lock table ${viewSchema(touchy)}.rows`);
  await appendThings(5);
  await until(async () => (await terminate(`wait_event_type = 'Lock'`)) === 1);
  await blocker.query('commit');
  blocker.release();
  await allAt(5);
  expect(waiting).toHaveLength(1);
  expect(await dump(pool, latestThings)).toHaveLength(5);
});

test('a view that is ahead of the log is refused', async () => {
  await appendThings(1);
  await pool.query(`insert into read_model.checkpoints (view, position) values ('things_v1', 5)`);
  const { signal } = new AbortController();
  await expect(runViews({ store, pool, views, signal })).rejects.toThrow('things_v1 stands at 5, where the log has no event');
});

test('a gap that the log has recorded is passed, but a view that stands in it is refused', async () => {
  await appendThings(8);
  const running = start(views);
  await allAt(8);
  await stop(running);
  await resumeAbove(database.url, 20, newEvent('LogRestored', {}));
  start(views);
  await allAt(21);
  await appendThings(1);
  await allAt(22);

  await pool.query(`update read_model.checkpoints set position = 15 where view = 'things_v1'`);
  const { signal } = new AbortController();
  await expect(runViews({ store, pool, views, signal })).rejects.toThrow('things_v1 stands at 15, where the log has no event');
});

test('missing tables end the run with an error', async () => {
  await pool.query('drop table read_model.checkpoints');
  const { signal } = new AbortController();
  await expect(runViews({ store, pool, views, signal })).rejects.toThrow('"read_model.checkpoints" does not exist');
});

function start(which: readonly View[], options: { batchSize?: number; report?: RunReport } = {}) {
  const abort = new AbortController();
  const run = { abort, ended: runViews({ store, pool, views: which, signal: abort.signal, ...options }), which };
  runs.push(run);
  return run;
}

/** Lets a run come to a position, then ends it. */
async function stop(run: ReturnType<typeof start>, position?: number): Promise<void> {
  await allAt(position ?? (await store.head()), run.which);
  run.abort.abort();
  await run.ended;
}

let streams = 0;

/** Events about five things in turn, one stream for each call. */
async function appendThings(count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, n) =>
    newEvent('ThingSet', { id: `thing${n % 5}`, lines: n % 2 ? ['C4'] : ['C1', 'C4'], amount: String(n), dueOn: `2022-01-${10 + (n % 10)}` }),
  );
  const result = await store.append(`thing-${(streams += 1)}`, 0, events);
  if (result.outcome !== 'appended') throw new Error(result.outcome);
}

async function allAt(position: number, which: readonly View[] = views): Promise<void> {
  await until(async () => (await readCheckpoints(pool, which)).every((checkpoint) => checkpoint.position === position));
}

/** Breaks the projectors' connections that are in some state; answers how many. */
async function terminate(state: string): Promise<number> {
  const terminated = await pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and application_name = 'read-model' and ${state}`,
  );
  return terminated.rowCount ?? 0;
}
