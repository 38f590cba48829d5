import fc from 'fast-check';
import type pg from 'pg';
import type { RecordedEvent } from '#domain/event.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { applyBatch } from './apply-batch.ts';
import { inTransaction, openPool } from './database.ts';
import { createTables, dump, evolveThing, latestThings, recorded, things, thingsView, type Thing } from './things.fixture.ts';
import { STILL_VALID, rowColumns, viewSchema, type View } from './view.ts';

let database: TestDatabase;
let pool: pg.Pool;
const sloppy = thingsView('sloppy_things', {
  evolve(thing, event, id) {
    const row = evolveThing(thing, event, id)!;
    if (row.title === 'undefined') return { ...row, lines: undefined as unknown as string[] };
    return row.title === 'unknown' ? ({ ...row, colour: 'red' } as Thing) : row;
  },
});

beforeAll(async () => {
  database = await testDatabase();
  await createTables(database.url, [things, latestThings, sloppy]);
  pool = openPool(database.url, 2);
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

beforeEach(async () => {
  for (const view of [things, latestThings, sloppy]) await pool.query(`truncate ${viewSchema(view)}.rows`);
  await pool.query(`truncate ${viewSchema(things)}.rollup`);
});

test('a row that was written is loaded as it was folded, for every type of column', async () => {
  const events = recorded([['ThingSet', { id: 'a', title: 'π "quoted"\n', lines: ['C4', 'C7-eGov'], dueOn: '2022-12-31', amount: '12.50' }]]);
  await apply(things, [events]);
  const columns = rowColumns(things).map((column) => `"${column}"`).join(', ');
  const loaded = await pool.query(`select ${columns} from ${viewSchema(things)}.rows`);
  expect(loaded.rows).toEqual([evolveThing(undefined, events[0]!, 'a')]);
});

test('lists as of a position show what stood then', async () => {
  await apply(things, [
    recorded([['ThingSet', { id: 'a', title: 'a1' }], ['ThingSet', { id: 'b', title: 'b1' }], ['ThingSet', { id: 'a', title: 'a2' }]]),
    recorded([['ThingGone', { id: 'b' }], ['ThingSet', { id: 'a', title: 'a3' }], ['ThingSet', { id: 'b', title: 'b2' }]], 4),
  ]);
  const lists = await Promise.all([0, 1, 2, 3, 4, 5, 6].map(titlesAsOf));
  expect(lists).toEqual([[], ['a1'], ['a1', 'b1'], ['a2', 'b1'], ['a2'], ['a3'], ['a3', 'b2']]);
});

test('working columns are kept for the fold and forgotten in history', async () => {
  const set = ['ThingSet', { id: 'a' }] as const;
  await apply(things, [recorded([set, set]), recorded([set, set], 3)]);
  const rows = await pool.query(`select "validFrom", scratch from ${viewSchema(things)}.rows order by "validFrom"`);
  expect(rows.rows).toEqual([
    { validFrom: 1, scratch: null },
    { validFrom: 2, scratch: null },
    { validFrom: 3, scratch: null },
    { validFrom: 4, scratch: { seen: 4 } },
  ]);
});

test('a view without history keeps the current rows alone', async () => {
  await apply(latestThings, [
    recorded([['ThingSet', { id: 'a' }], ['ThingSet', { id: 'b' }], ['ThingSet', { id: 'a' }]]),
    recorded([['ThingSet', { id: 'a' }], ['ThingGone', { id: 'b' }]], 4),
  ]);
  const rows = await pool.query(`select id, times, "validFrom", "validTo" from ${viewSchema(latestThings)}.rows`);
  expect(rows.rows).toEqual([{ id: 'a', times: 3, validFrom: 4, validTo: STILL_VALID }]);
});

test('a row with an undefined or an unknown field is refused by name', async () => {
  await expect(apply(sloppy, [recorded([['ThingSet', { id: 'a', title: 'undefined' }]])])).rejects.toThrow('"lines" is undefined');
  await expect(apply(sloppy, [recorded([['ThingSet', { id: 'a', title: 'unknown' }]])])).rejects.toThrow('no column for "colour"');
});

const thingEvent = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('ThingSet'), fc.record({
    id: fc.constantFrom('a', 'b', 'c'),
    title: fc.string({ maxLength: 5 }).filter((text) => !text.includes('\0')),
    lines: fc.subarray(['C1', 'C4', 'C7-eGov']),
    dueOn: fc.constantFrom(null, '2022-01-01', '2022-06-30', '2023-01-01'),
    amount: fc.constantFrom('0', '1', '2.50', '-3.125', '1000000000000'),
  }, { requiredKeys: ['id'] })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('ThingGone'), fc.record({ id: fc.constantFrom('a', 'b', 'c') })) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('ThingLeft', 'Unrelated'), fc.record({ id: fc.constantFrom('a', 'b', 'c') })) },
);
const history = fc.array(thingEvent, { minLength: 1, maxLength: 30 }).map((events) => recorded(events));

test('where batches begin and end makes no difference to any byte', async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 30, maxLength: 30 }), async (events, sizes) => {
      for (const view of [things, latestThings]) {
        const oneByOne = await dumpAfter(view, events.map((event) => [event]));
        expect(await dumpAfter(view, [events])).toEqual(oneByOne);
        expect(await dumpAfter(view, split(events, sizes))).toEqual(oneByOne);
      }
    }),
    { numRuns: 40 },
  );
});

test('the rollup equals the grouped contributions of the current rows, after any history and for any date', async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.constantFrom('2021-12-31', '2022-03-01', '2024-01-01'), async (events, on) => {
      await dumpAfter(things, [events.slice(0, 9), events.slice(9)].filter((batch) => batch.length > 0));
      const current = await pool.query<Thing>(`select * from ${viewSchema(things)}.rows where "validTo" = ${STILL_VALID}`);
      const expected = new Map<string, number>();
      for (const { actionLine, measure, countsFrom, amount } of current.rows.flatMap((row) => things.contributions!(row))) {
        const key = `${actionLine} ${measure}`;
        if (countsFrom <= on) expected.set(key, (expected.get(key) ?? 0) + Number(amount) * 1_000);
      }
      const found = await pool.query<{ key: string; sum: number }>(
        `select "actionLine" || ' ' || measure as key, (sum(amount) * 1000)::float8 as sum
         from ${viewSchema(things)}.rollup where "countsFrom" <= $1 group by 1`,
        [on],
      );
      const nonZero = [...expected].filter(([, sum]) => sum !== 0);
      expect(new Map(found.rows.filter((cell) => cell.sum !== 0).map((cell) => [cell.key, cell.sum]))).toEqual(new Map(nonZero));
    }),
    { numRuns: 40 },
  );
});

async function apply(view: View, batches: RecordedEvent[][]): Promise<void> {
  for (const batch of batches) await inTransaction(pool, (client) => applyBatch(client, view, batch));
}

async function dumpAfter(view: View, batches: RecordedEvent[][]): Promise<string[]> {
  await pool.query(`truncate ${viewSchema(view)}.rows`);
  if (view.rollupEntity) await pool.query(`truncate ${viewSchema(view)}.rollup`);
  await apply(view, batches);
  return dump(pool, view);
}

function split(events: RecordedEvent[], sizes: number[]): RecordedEvent[][] {
  const batches: RecordedEvent[][] = [];
  let at = 0;
  for (const size of sizes) {
    if (at < events.length) batches.push(events.slice(at, at + size));
    at += size;
  }
  return batches;
}

async function titlesAsOf(position: number): Promise<string[]> {
  const found = await pool.query<{ title: string }>(
    `select title from ${viewSchema(things)}.rows where "validFrom" <= $1 and "validTo" > $1 order by id`,
    [position],
  );
  return found.rows.map(({ title }) => title);
}
