import type pg from 'pg';
import { resolveObstacle } from '#domain/commitment/resolve-obstacle.ts';
import type { RecordedEvent } from '#domain/event.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { by, logOf, the } from '#testing/given.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { obstacleReported, text, undesa } from '#testing/scenes.ts';
import { until } from '#testing/until.ts';
import { readCheckpoints } from './checkpoints.ts';
import { openPool } from './database.ts';
import { migrateReadModel } from './migrate-read-model.ts';
import { parkEvent } from './parked-events.ts';
import { runViews } from './run-views.ts';
import { viewId } from './view.ts';
import { views } from './views.ts';

/** The poison comes where the obstacle was reported; what came before is sound. */
const life = logOf([...obstacleReported, by(undesa.focalPoint, resolveObstacle, { id: the('commitment'), obstacle: the('obstacle'), resolution: text('Funds came') })]);
const [reported, resolved] = [life.at(-2)!, life.at(-1)!];
const sound = life.slice(0, -2);
const poisonAt = sound.length + 1;
const all = views.map(viewId);

let database: TestDatabase;
let pool: pg.Pool;
let store: EventStore;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  database = await testDatabase();
  await migrateEventLog(database.url);
  await migrateReadModel(database.url);
  pool = openPool(database.url, 4);
  store = await openEventStore(database.url);
  stop = new AbortController();
  running = runViews({ store, pool, views, signal: stop.signal });
});

afterEach(async () => {
  stop.abort();
  await running;
  await store.close();
  await pool.end();
  await database.drop();
});

const { revision, position } = reported;

test.each<[string, RecordedEvent, string[], string]>([
  ['an event on which the fold of a view throws', { ...resolved, revision, position }, ['obstacles_v1'], 'about a row that is not there'],
  ['an event whose data does not fit its schema', { ...reported, data: { ...(reported.data as object), description: 'words' } }, ['commitments_v1', 'obstacles_v1'], 'its data does not fit the schema of ObstacleReported: data/description must be an object'],
  ['an event whose type is not known: it may concern every view', { ...reported, type: 'ObstacleForeseen' }, all, 'this program does not know the type ObstacleForeseen'],
  ['an event of a newer version', { ...reported, metadata: { ...reported.metadata, schemaVersion: 2 } }, all, 'version 2 of ObstacleReported is newer than this program'],
])('%s: the views that it concerns stand before it and say why, the others go on; parked in each, all go on', async (_, poison, stuck, why) => {
  await append(sound);
  await append([poison]);
  await until(async () => (await standings()).every(({ position: at, error }) => at === poisonAt || error !== null));
  const failing = (await standings()).filter(({ error }) => error !== null);
  expect(failing.map(({ view }) => view)).toEqual(stuck);
  for (const one of failing)
    expect(one).toMatchObject({ position: poisonAt - 1, errorPosition: poisonAt, errorStream: reported.stream, errorEventType: poison.type, error: expect.stringContaining(why) });

  for (const view of views.filter((one) => stuck.includes(viewId(one)))) await parkEvent({ store, pool, view, position: poisonAt, reason: 'A faulty build', actor: { id: 'operator-7', agency: 'ITU' } });
  await until(async () => (await standings()).every(({ position: at, error }) => at === poisonAt && error === null));
  expect((await standings()).filter(({ parkedEvents }) => parkedEvents === 1).map(({ view }) => view)).toEqual(stuck);
});

function standings() {
  return readCheckpoints(pool, views);
}

async function append(events: readonly RecordedEvent[]): Promise<void> {
  for (const { id, type, data, metadata, stream, revision: at } of events) {
    const { outcome } = await store.append(stream, at - 1, [{ id, type, data, metadata }]);
    if (outcome !== 'appended') throw new Error(`${type}: ${outcome}`);
  }
}
