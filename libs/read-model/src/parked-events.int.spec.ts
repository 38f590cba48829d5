import type pg from 'pg';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { until } from '#testing/until.ts';
import { readCheckpoints } from './checkpoints.ts';
import { createDataSource } from './data-source.ts';
import { openPool } from './database.ts';
import { PARKED_MAX, parkEvent, ParkRefusedError, readParkedEvents } from './parked-events.ts';
import { rebuildView } from './rebuild-view.ts';
import { retryView, runViews } from './run-views.ts';
import { inSnapshot } from './snapshot.ts';
import { createTables, evolveThing, newEvent, things, thingsView } from './things.fixture.ts';
import type { View } from './view.ts';

let database: TestDatabase;
let pool: pg.Pool;
let store: EventStore;
/** Titles that the view does not like; a test mends it by taking them away. */
let disliked: Set<string>;
const touchy = thingsView('touchy_things', {
  evolve(thing, event, id) {
    const row = evolveThing(thing, event, id);
    if (row && disliked.has(row.title)) throw new Error(`I do not like ${row.title}`);
    return row;
  },
});
const views = [things, touchy];
const actor = { id: 'operator-7', agency: 'ITU' };

beforeEach(async () => {
  disliked = new Set(['poison']);
  database = await testDatabase();
  await migrateEventLog(database.url);
  await createTables(database.url, views);
  pool = openPool(database.url, 4);
  store = await openEventStore(database.url);
});

afterEach(async () => {
  await store.close();
  await pool.end();
  await database.drop();
});

/** Two events, a poisonous one at position 3, and two more: a view that was tried stands at 2. */
async function givenTouchyFails(): Promise<void> {
  for (const title of ['one', 'two', 'poison', 'four', 'five']) await append(title);
  await retryView({ store, pool, view: touchy, signal });
}

const park = (position: number, reason = 'It came twice', view: View = touchy) => parkEvent({ store, pool, view, position, reason, actor });

test('an event is stepped over: the view goes on, and a record stays', async () => {
  await givenTouchyFails();
  const [event] = await store.readAll(2, 1);
  const parked = await park(3);
  expect(parked).toEqual({
    view: 'touchy_things_v1', position: 3, stream: 'thing-poison', eventId: event!.id, eventType: 'ThingSet', error: 'I do not like poison',
    reason: 'It came twice', actorId: 'operator-7', actorAgency: 'ITU', parkedAt: expect.any(String),
  });
  expect(await standing()).toMatchObject({ position: 3, recordedAt: event!.recordedAt, error: null, errorPosition: null, errorStream: null, parkedEvents: 1 });

  await retryView({ store, pool, view: touchy, signal });
  expect(await standing()).toMatchObject({ position: 5, error: null, parkedEvents: 1 });
  expect(await readParkedEvents(pool, views)).toEqual([parked]);
  expect(await titles()).toEqual(['five', 'four', 'one', 'two']);
});

test('what is read of the view tells what it lacks, and what is read of others does not', async () => {
  await givenTouchyFails();
  await retryView({ store, pool, view: things, signal });
  await park(3);
  const dataSource = createDataSource(database.url, views);
  await dataSource.initialize();
  try {
    const seen = (which: readonly View[]) => inSnapshot(dataSource, which, async () => undefined);
    expect(await seen(views)).toMatchObject({ position: 3, parked: ['touchy_things_v1@3'] });
    expect(await seen([things])).toMatchObject({ position: 5, parked: [] });
  } finally {
    await dataSource.destroy();
  }
});

test('a projector that waits to try again goes on behind an event that was parked meanwhile', async () => {
  await givenTouchyFails();
  const stop = new AbortController();
  const recovered: string[] = [];
  let failures = 0;
  const running = runViews({ store, pool, views, signal: stop.signal, report: { failing: () => (failures += 1), recovered: (view) => recovered.push(view.name) } });
  await until(() => failures > 0);
  await park(3);
  await until(async () => (await standing()).position === 5);
  expect(recovered).toEqual(['touchy_things']);
  stop.abort();
  await running;
});

test.each<[string, (given: () => Promise<void>) => Promise<unknown>, string]>([
  ['a view that does not fail', async (given) => (await given(), await retryView({ store, pool, view: things, signal }), park(3, 'why not', things)), 'things_v1 does not fail: it stands at 5'],
  ['an earlier position', async (given) => (await given(), park(2)), 'touchy_things_v1 fails at 3, not at 2'],
  ['a later position', async (given) => (await given(), park(4)), 'touchy_things_v1 fails at 3, not at 4'],
  ['the same event again', async (given) => (await given(), await park(3), park(3)), 'touchy_things_v1 does not fail: it stands at 3'],
  ['a position that the log has lost', async (given) => (await given(), await pool.query(`update read_model.checkpoints set "errorPosition" = 9`), park(9)), 'the event after 2, where touchy_things_v1 stands, is not at 9'],
  [
    'one more than a view may lack',
    async (given) => {
      await given();
      await pool.query(`insert into read_model.parked_events select 'touchy_things_v1', -n, '', '', '', '', '', '', '', now() from generate_series(1, ${PARKED_MAX}) n`);
      return park(3);
    },
    `touchy_things_v1 lacks ${PARKED_MAX} events already`,
  ],
])('%s is not stepped over', async (_, attempt, message) => {
  const refused = attempt(givenTouchyFails);
  await expect(refused).rejects.toThrow(ParkRefusedError);
  await expect(refused).rejects.toThrow(message);
});

test.each(['', ' \n', 'ask somebody@example.org', 'x'.repeat(1_001)])('the reason %j is refused, and nothing happens', async (reason) => {
  await givenTouchyFails();
  await expect(park(3, reason)).rejects.toThrow();
  expect(await standing()).toMatchObject({ position: 2, errorPosition: 3, parkedEvents: 0 });
});

test('of two who park at once one is refused', async () => {
  await givenTouchyFails();
  const outcomes = await Promise.allSettled([park(3), park(3)]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await standing()).toMatchObject({ position: 3, parkedEvents: 1 });
});

test('tried again after a fix, a view goes on to the end of the log; before it, it stays and says why', async () => {
  await givenTouchyFails();
  const { failingSince } = await standing();
  await retryView({ store, pool, view: touchy, signal });
  expect(await standing()).toMatchObject({ position: 2, errorPosition: 3, error: 'I do not like poison', failingSince });
  disliked = new Set(['five']);
  await retryView({ store, pool, view: touchy, signal });
  expect(await standing()).toMatchObject({ position: 4, errorPosition: 5, error: 'I do not like five' });
  disliked = new Set();
  await retryView({ store, pool, view: touchy, signal });
  expect(await standing()).toMatchObject({ position: 5, error: null });
  expect(await titles()).toEqual(['five', 'four', 'one', 'poison', 'two']);
});

test('a rebuild stops at an event that was parked, and the view stays; after a fix it folds the event and the record goes', async () => {
  await givenTouchyFails();
  await park(3);
  await retryView({ store, pool, view: touchy, signal });
  await expect(rebuildView({ store, pool, view: touchy })).rejects.toThrow('I do not like poison');
  expect(await standing()).toMatchObject({ position: 5, parkedEvents: 1 });
  expect(await titles()).toEqual(['five', 'four', 'one', 'two']);

  disliked = new Set();
  await rebuildView({ store, pool, view: touchy });
  expect(await standing()).toMatchObject({ position: 5, parkedEvents: 0 });
  expect(await titles()).toEqual(['five', 'four', 'one', 'poison', 'two']);
});

const { signal } = new AbortController();

async function append(title: string): Promise<void> {
  await store.append(`thing-${title}`, 0, [newEvent('ThingSet', { id: title, title })]);
}

async function standing() {
  return (await readCheckpoints(pool, [touchy]))[0]!;
}

async function titles(): Promise<string[]> {
  const { rows } = await pool.query<{ title: string }>('select title from view_touchy_things_v1.rows order by title');
  return rows.map(({ title }) => title);
}
