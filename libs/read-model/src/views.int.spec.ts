import fc from 'fast-check';
import type pg from 'pg';
import { addDays } from '#domain/calendar.ts';
import { paceInputsOf, paceOn, worst } from '#domain/pace.ts';
import type { RecordedEvent } from '#domain/event.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { logOf } from '#testing/given.ts';
import { randomHistory } from '#testing/histories.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { everything } from '#testing/scenes.ts';
import { until } from '#testing/until.ts';
import { applyBatch } from './apply-batch.ts';
import { readCheckpoints } from './checkpoints.ts';
import { inTransaction, openPool } from './database.ts';
import { migrateReadModel } from './migrate-read-model.ts';
import { rebuildView } from './rebuild-view.ts';
import { runViews } from './run-views.ts';
import { dump } from './things.fixture.ts';
import { qualifiedTablesOf, rowColumns, STILL_VALID, viewSchema, type View } from './view.ts';
import { publicCommitments } from './views/domain-states.fixture.ts';
import { folded } from './views/folded.fixture.ts';
import { figuresOfCurrentRows, lastUpdatesOfCurrentRows } from './views/grouped-figures.fixture.ts';
import { jointWork } from './views/joint-work.fixture.ts';
import { views } from './views.ts';

const histories: Record<string, RecordedEvent[]> = {
  'where everything happens': logOf(everything),
  'of joint work': logOf(jointWork),
  ...Object.fromEntries([1, 2, 3, 4, 5].map((seed) => [`at random, ${seed}`, randomHistory(seed, 300)])),
};
/** Around which something turns in the histories that are not random. */
const TURNS = ['2020-12-31', '2022-09-27', '2022-09-28', '2023-01-01', '2023-06-01', '2023-06-02'];
const anyDay = fc.oneof(fc.constantFrom(...TURNS), fc.nat({ max: 2_500 }).map((day) => addDays('2020-01-01', day)));

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await testDatabase();
  await migrateEventLog(database.url);
  await migrateReadModel(database.url);
  pool = openPool(database.url, 6);
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

describe.each(Object.entries(histories))('after a history %s', (_, log) => {
  beforeAll(async () => {
    await emptyTables();
    for (let at = 0; at < log.length; at += 37) await apply(log.slice(at, at + 37));
  });

  test('current rows are loaded as they were folded', async () => {
    for (const view of views) expect(await rowsAsOf(view, log.length)).toEqual(folded(view, log));
  });

  test('rows as of a position are those of the log up to there', async () => {
    const anyPosition = fc.nat({ max: log.length });
    await fc.assert(fc.asyncProperty(anyPosition, async (position) => {
      for (const view of views.filter(({ history }) => history)) {
        const remembered = (row: object) => Object.fromEntries(Object.entries(row).filter(([column]) => !view.working.includes(column)));
        expect((await rowsAsOf(view, position)).map(remembered)).toEqual(folded(view, log.slice(0, position)).map(remembered));
      }
    }), { numRuns: 10 });
  });

  test('for any day the rollup equals what is grouped from the rows', async () => {
    await fc.assert(fc.asyncProperty(anyDay, async (on) => {
      const grouped = await figuresOfCurrentRows(pool, on);
      expect(grouped.length).toBeGreaterThan(0);
      expect(await figuresOfRollup(on)).toEqual(grouped);
      expect(await lastUpdatesOfRollup(on)).toEqual(await lastUpdatesOfCurrentRows(pool, on));
    }), { numRuns: 25 });
  });

  test('for any day pace is read from two arrays, and is what the domain works out', async () => {
    const inputs = publicCommitments(log).map((state) => [state.id, Object.values(paceInputsOf(state))] as const);
    await fc.assert(fc.asyncProperty(anyDay, async (on) => {
      const found = await pool.query<{ id: string; pace: string | null }>(
        `select id, pace[width_bucket($1::date, "paceFrom")] from view_commitments_v1.rows where "validTo" = ${STILL_VALID}`,
        [on],
      );
      const expected = inputs.map(([id, ofTargets]) => [id, ofTargets.length === 0 ? null : worst(ofTargets.map((one) => paceOn(one, on).pace))] as const);
      expect(new Map(found.rows.map(({ id, pace }) => [id, pace]))).toEqual(new Map(expected));
    }), { numRuns: 25 });
  });
});

describe('from a real log', () => {
  let store: EventStore;

  beforeAll(async () => {
    await emptyTables();
    store = await openEventStore(database.url);
    for (const event of histories['where everything happens']!) {
      const result = await store.append(event.stream, event.revision - 1, [event]);
      if (result.outcome !== 'appended') throw new Error(result.outcome);
    }
    const abort = new AbortController();
    const running = runViews({ store, pool, views, signal: abort.signal, batchSize: 7 });
    const head = await store.head();
    await until(async () => (await readCheckpoints(pool, views)).every(({ position }) => position === head));
    abort.abort();
    await running;
  });

  afterAll(() => store.close());

  test.each(views.map((view) => [view.name, view] as const))('%s is rebuilt byte for byte', async (_, view) => {
    const before = await dump(pool, view);
    expect(before.length).toBeGreaterThan(0);
    await rebuildView({ store, pool, view });
    expect(await dump(pool, view)).toEqual(before);
  });
});

async function emptyTables(): Promise<void> {
  await pool.query(`truncate ${views.flatMap(qualifiedTablesOf).join(', ')}`);
}

async function apply(events: RecordedEvent[]): Promise<void> {
  await inTransaction(pool, async (client) => {
    for (const view of views) await applyBatch(client, view, events);
  });
}

async function rowsAsOf(view: View, position: number): Promise<object[]> {
  const columns = rowColumns(view).map((column) => `"${column}"`).join(', ');
  const found = await pool.query<object>(
    `select ${columns} from ${viewSchema(view)}.rows where "validFrom" <= $1 and "validTo" > $1 order by id collate "C"`,
    [position],
  );
  return found.rows;
}

/** `[line, agency, measure, amount]`, in order. */
async function figuresOfRollup(on: string): Promise<unknown[][]> {
  const found = await pool.query<unknown[]>({
    text: `select "actionLine", agency, measure, trim_scale(sum(amount)) from view_commitments_v1.rollup
           where "countsFrom" <= $1 group by 1, 2, 3 having sum(amount) <> 0 order by 1, 2, 3`,
    values: [on],
    rowMode: 'array',
  });
  return found.rows;
}

/** `[line, agency, day]`, in order. */
async function lastUpdatesOfRollup(on: string): Promise<unknown[][]> {
  const found = await pool.query<unknown[]>({
    text: `select "actionLine", agency, max("countsFrom") from view_commitments_v1.rollup
           where "countsFrom" <= $1 and measure = 'lastUpdate' and amount > 0 group by 1, 2 order by 1, 2`,
    values: [on],
    rowMode: 'array',
  });
  return found.rows;
}
