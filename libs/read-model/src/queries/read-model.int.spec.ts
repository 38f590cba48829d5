import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { logOf } from '#testing/given.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { catalogue } from '#testing/scenes.ts';
import { until } from '#testing/until.ts';
import { moveCheckpoints, createCheckpoints } from '../checkpoints.ts';
import { inTransaction, openPool } from '../database.ts';
import { migrateReadModel } from '../migrate-read-model.ts';
import { agencies } from '../views/agencies.ts';
import { topics } from '../views/topics.ts';
import { views } from '../views.ts';
import { CONNECTIONS_MAX, NotYetError, ReadModel, READINGS_WAITING_MAX, TooManyReadingsError } from './read-model.ts';
import { topicCounts } from './topic-counts.ts';

const log = logOf(catalogue);
let database: TestDatabase;
let pool: pg.Pool;
let readModel: ReadModel;

beforeEach(async () => {
  database = await testDatabase();
  await migrateReadModel(database.url);
  pool = openPool(database.url, 2);
  await createCheckpoints(pool, views);
  readModel = ReadModel.open(database.url);
});

afterEach(async () => {
  await readModel.close();
  await pool.end();
  await database.drop();
});

test('waits for the views that are asked for, and tells how far they are', async () => {
  const reading = readModel.read([agencies], 5, async () => 'read');
  await moveTo(5, [topics]);
  await moveTo(5, [agencies]);
  expect(await reading).toEqual({ value: 'read', position: 5, parked: [] });
  expect(await readModel.read([agencies, topics], 0, topicCounts)).toEqual({ value: new Map(), position: 5, parked: [] });
});

test('after five seconds the views are not there yet, which is an error and not an old answer', async () => {
  await moveTo(2, views);
  await expect(readModel.read([agencies], 3, async () => 'read')).rejects.toEqual(new NotYetError(3, 2));
});

test('where the database is not there it says so, and is there again when the database is', async () => {
  const gone = ReadModel.open(new URL(`/gone_${randomUUID().replaceAll('-', '')}`, database.url).href);
  await expect(gone.read([agencies], 0, async () => 'read')).rejects.toMatchObject({ code: '3D000' });
  await gone.close();

  const { port } = new URL(database.url);
  const late = ReadModel.open(database.url.replace(`:${port}`, ':1'));
  await expect(late.read([agencies], 0, async () => 'read')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await late.close();
});

test('a read that runs away is ended', async () => {
  const reading = readModel.read([agencies], 0, (manager) => manager.query(`set local statement_timeout = 20; select pg_sleep(30)`));
  await expect(reading).rejects.toMatchObject({ code: '57014' });
  const { value } = await readModel.read([agencies], 0, (manager) => manager.query<{ bound: string }[]>(`select current_setting('statement_timeout') as bound`));
  expect(value).toEqual([{ bound: '10s' }]);
});

test('so many readings wait for a connection at most; what comes beyond is turned away, and those that wait are answered', async () => {
  await moveTo(1, views);
  const gate = Promise.withResolvers<string>();
  let begun = 0;
  const atWork = Array.from({ length: CONNECTIONS_MAX }, () => readModel.read([agencies], 0, () => ((begun += 1), gate.promise)));
  await until(() => begun === CONNECTIONS_MAX);
  const waiting = Array.from({ length: READINGS_WAITING_MAX }, () => readModel.read([agencies], 0, async () => 'read'));
  await expect(readModel.read([agencies], 0, async () => 'read')).rejects.toBeInstanceOf(TooManyReadingsError);
  gate.resolve('read');
  for (const { value } of await Promise.all([...atWork, ...waiting])) expect(value).toBe('read');
});

test('where no query can be answered it does not tell how far the views are, though what watches them is still connected', async () => {
  await moveTo(1, views);
  await readModel.read([agencies], 0, async () => 'read');
  await readModel.checkpoints();
  const elsewhere = new pg.Client(process.env.TEST_POSTGRES_URL);
  await elsewhere.connect();
  const name = new URL(database.url).pathname.slice(1);
  try {
    await elsewhere.query(`alter database ${name} allow_connections false`);
    const { rowCount } = await elsewhere.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and query = 'commit' and application_name = 'read-model'`, [name]);
    expect(rowCount).toBeGreaterThan(0);
    await until(() => readModel.checkpoints().then(() => false, () => true));
  } finally {
    await elsewhere.query(`alter database ${name} allow_connections true`);
    await elsewhere.end();
  }
  expect(await readModel.checkpoints()).toHaveLength(views.length);
});

async function moveTo(position: number, which: typeof views): Promise<void> {
  await inTransaction(pool, (client) => moveCheckpoints(client, which, { ...log[0]!, position }));
}
