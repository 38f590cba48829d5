import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { applyBatch } from './apply-batch.ts';
import { createCheckpoints, moveCheckpoints } from './checkpoints.ts';
import { createDataSource } from './data-source.ts';
import { inTransaction, openPool } from './database.ts';
import { inSnapshot } from './snapshot.ts';
import { createTables, evolveThing, latestThings, recorded, things } from './things.fixture.ts';
import { STILL_VALID, type View } from './view.ts';

let database: TestDatabase;
let pool: pg.Pool;
let dataSource: DataSource;
const views = [things, latestThings];

beforeAll(async () => {
  database = await testDatabase();
  await createTables(database.url, views);
  pool = openPool(database.url, 2);
  dataSource = createDataSource(database.url, views);
  await dataSource.initialize();
});

afterAll(async () => {
  await dataSource.destroy();
  await pool.end();
  await database.drop();
});

test('a view that no projector has seen stands at 0', async () => {
  expect(await inSnapshot(dataSource, views, async () => 'read')).toEqual({ value: 'read', position: 0, parked: [] });
});

test('reads see one moment, with the lowest position of the views used', async () => {
  await createCheckpoints(pool, views);
  await set(things, 1);
  await set(things, 2);
  await set(latestThings, 1);
  const seen = await inSnapshot(dataSource, views, async (manager) => {
    const before = await manager.getRepository(things.entity).countBy({ validTo: STILL_VALID });
    await set(things, 3);
    return [before, await manager.getRepository(things.entity).count()];
  });
  expect(seen).toEqual({ value: [1, 2], position: 1, parked: [] });
  expect(await inSnapshot(dataSource, [things], (manager) => manager.getRepository(things.entity).count())).toEqual({ value: 3, position: 3, parked: [] });
});

test('rows read through TypeORM or SQL are the rows that were folded', async () => {
  const folded = evolveThing(undefined, recorded([['ThingSet', { id: 'x' }]], 9)[0]!, 'x')!;
  await set(things, 9, 'x');
  const { value } = await inSnapshot(dataSource, [things], async (manager) => [
    await manager.getRepository(things.entity).findOneByOrFail({ id: 'x' }),
    ...(await manager.query(`select * from view_things_v1.rows where id = 'x'`)),
  ]);
  expect(value).toEqual([
    { ...folded, seenAt: new Date(folded.seenAt), validFrom: 9, validTo: STILL_VALID },
    { ...folded, validFrom: 9, validTo: STILL_VALID },
  ]);
});

test('nothing can be written, and an error gives the connection back', async () => {
  const writing = inSnapshot(dataSource, [things], (manager) => manager.query('delete from view_things_v1.rows'));
  await expect(writing).rejects.toThrow('read-only transaction');
  for (let n = 0; n < 20; n++) await expect(inSnapshot(dataSource, [things], () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
  expect((await inSnapshot(dataSource, [things], (manager) => manager.getRepository(things.entity).count())).value).toBe(4);
});

async function set(view: View, position: number, id = 'a'): Promise<void> {
  const events = recorded([['ThingSet', { id }]], position);
  await inTransaction(pool, async (client) => {
    await applyBatch(client, view, events);
    await moveCheckpoints(client, [view], events[0]!);
  });
}
