import fc from 'fast-check';
import type pg from 'pg';
import type { RecordedEvent } from '#domain/event.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { applyBatch } from './apply-batch.ts';
import { inTransaction, openPool } from './database.ts';
import { Filling, WRITES_BEHIND_MAX, type Written } from './filling.ts';
import { createTables, dump, latestThings, recorded, things } from './things.fixture.ts';
import { viewSchema, type View } from './view.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await testDatabase();
  await createTables(database.url, [things, latestThings]);
  pool = openPool(database.url, 3);
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

const id = fc.constantFrom('a', 'b', 'c', 'd');
const thingEvent = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('ThingSet'), fc.record({ id, title: fc.constantFrom('x', 'tab\tand\nline', 'back\\slash "quoted"', '\\N') }, { requiredKeys: ['id'] })) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('ThingGone'), fc.record({ id })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('ThingLeft'), fc.record({ id })) },
);
const batches = fc.array(fc.array(thingEvent, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 }).map((parts) => {
  let after = 0;
  return parts.map((part) => {
    const events = recorded(part, after + 1);
    after += part.length;
    return events;
  });
});

test.each([things, latestThings])('$name is filled with what batches brought forward would be, however few rows are held', async (view) => {
  await fc.assert(
    fc.asyncProperty(batches, fc.nat({ max: 4 }), async (history, rowsHeldMax) => {
      await empty(view);
      for (const events of history) await inTransaction(pool, (client) => applyBatch(client, view, events));
      const expected = await rowsOf(view);
      await empty(view);
      await fillBehind(view, history, rowsHeldMax);
      expect(await rowsOf(view)).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

/** As a rebuild does, at its worst: as many batches wait to be written as may, while another is folded. */
async function fillBehind(view: View, history: RecordedEvent[][], rowsHeldMax: number): Promise<void> {
  const filling = new Filling(view, viewSchema(view), rowsHeldMax);
  const client = await pool.connect();
  const waiting: Written[] = [];
  try {
    for (const events of history) {
      waiting.push(await filling.fold(pool, events));
      if (waiting.length > WRITES_BEHIND_MAX) await filling.write(client, waiting.shift()!);
    }
    for (const written of [...waiting, filling.rest()]) await filling.write(client, written);
  } finally {
    client.release();
  }
}

async function empty(view: View): Promise<void> {
  await pool.query(`truncate ${viewSchema(view)}.rows`);
  if (view.rollupEntity) await pool.query(`truncate ${viewSchema(view)}.rollup`);
}

async function rowsOf(view: View): Promise<string[]> {
  return await dump(pool, { ...view, rollupEntity: undefined });
}
