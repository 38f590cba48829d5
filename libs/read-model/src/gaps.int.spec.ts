import type pg from 'pg';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { spreadPositions } from '#testing/spread-positions.ts';
import { until } from '#testing/until.ts';
import { openPool } from './database.ts';
import { parkEvent } from './parked-events.ts';
import { rebuildViews } from './rebuild-view.ts';
import { retryView, runViews } from './run-views.ts';
import { createTables, dump, evolveThing, newEvent, things, thingsView } from './things.fixture.ts';
import { readViewLag } from './view-lag.ts';

/** Positions rise and say no more: what follows the log must be the same where they have gaps of hundreds. */
const touchy = thingsView('touchy_things', {
  evolve(thing, event, id) {
    const row = evolveThing(thing, event, id);
    if (row?.title === 'poison') throw new Error('I do not like poison');
    return row;
  },
});
const views = [things, touchy];
const { signal } = new AbortController();
let database: TestDatabase;
let pool: pg.Pool;
let store: EventStore;

beforeEach(async () => {
  database = await testDatabase();
  await migrateEventLog(database.url);
  await createTables(database.url, views);
  pool = openPool(database.url, 8);
  store = await openEventStore(database.url);
});

afterEach(async () => {
  await store.close();
  await pool.end();
  await database.drop();
});

async function append(...titles: string[]): Promise<void> {
  const head = await store.head();
  for (const title of titles) await store.append(`thing-${title}`, 'any', [newEvent('ThingSet', { id: title, title })]);
  await spreadPositions(database.url, head);
}

const lags = async () => Object.fromEntries((await readViewLag(store, pool, views)).map(({ view, lagEvents }) => [view, lagEvents]));

test('views follow, lag is counted in events, and a rebuild gives the same', async () => {
  await append(...Array.from({ length: 30 }, (_, n) => `number-${n}`));
  expect(await lags()).toEqual({ things_v1: 30, touchy_things_v1: 30 });
  const stop = new AbortController();
  const running = runViews({ store, pool, views, signal: stop.signal, batchSize: 7 });
  await until(async () => (await lags())['touchy_things_v1'] === 0);
  stop.abort();
  await running;
  await append('a', 'b', 'c');
  expect(await lags()).toEqual({ things_v1: 3, touchy_things_v1: 3 });
  // It finds its place again, and goes on from there.
  for (const view of views) await retryView({ store, pool, view, signal, batchSize: 2 });
  expect(await lags()).toEqual({ things_v1: 0, touchy_things_v1: 0 });
  const before = await Promise.all(views.map((view) => dump(pool, view)));
  expect(await rebuildViews({ store, pool, views })).toEqual([]);
  expect(await Promise.all(views.map((view) => dump(pool, view)))).toEqual(before);
});

test('a view stands before the event that it can not fold, and steps over that one alone', async () => {
  await append('one', 'two', 'poison', 'four', 'five');
  const events = await store.readAll(0, 10);
  await retryView({ store, pool, view: touchy, signal });
  expect((await readViewLag(store, pool, [touchy]))[0]).toMatchObject({ position: events[1]!.position, errorPosition: events[2]!.position, lagEvents: 3 });
  const park = (position: number) => parkEvent({ store, pool, view: touchy, position, reason: 'It came twice', actor: { id: 'operator-7', agency: 'ITU' } });
  await expect(park(events[1]!.position + 1)).rejects.toThrow(`fails at ${events[2]!.position}, not at`);
  expect(await park(events[2]!.position)).toMatchObject({ position: events[2]!.position, stream: 'thing-poison' });
  await retryView({ store, pool, view: touchy, signal });
  expect((await readViewLag(store, pool, [touchy]))[0]).toMatchObject({ position: events[4]!.position, lagEvents: 0, parkedEvents: 1 });
});

test('a view that stands where no event is has followed another log', async () => {
  await append('one', 'two');
  for (const view of views) await retryView({ store, pool, view, signal });
  await pool.query(`update read_model.checkpoints set position = position - 1 where view = 'things_v1'`);
  await expect(retryView({ store, pool, view: things, signal })).rejects.toThrow('where the log has no event');
});
