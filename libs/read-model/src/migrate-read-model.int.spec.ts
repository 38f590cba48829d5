import { logOf } from '#testing/given.ts';
import { testDatabase } from '#testing/postgres.ts';
import { everything } from '#testing/scenes.ts';
import { until } from '#testing/until.ts';
import { applyBatch } from './apply-batch.ts';
import { createDataSource } from './data-source.ts';
import { inTransaction, openPool } from './database.ts';
import { migrateReadModel } from './migrate-read-model.ts';
import { CountedCommitments1700000000003 } from './migrations/1700000000003-counted-commitments.ts';
import { dump } from './things.fixture.ts';
import { STILL_VALID } from './view.ts';
import { commitments } from './views/commitments.ts';

test('migrations make exactly the tables that the entities describe, also when run by several at once', async () => {
  const database = await testDatabase();
  try {
    await Promise.all([1, 2, 3].map(() => migrateReadModel(database.url)));
    await migrateReadModel(database.url);
    const dataSource = createDataSource(database.url);
    await dataSource.initialize();
    const drift = await dataSource.driver.createSchemaBuilder().log();
    await dataSource.destroy();
    expect(drift.upQueries.map(({ query }) => query)).toEqual([]);
  } finally {
    await database.drop();
  }
});

test('the narrow history of commitments is filled from what is there, and nobody writes between the copy and the triggers', async () => {
  const database = await testDatabase();
  const pool = openPool(database.url, 3);
  const dataSource = createDataSource(database.url);
  try {
    await migrateReadModel(database.url);
    await inTransaction(pool, (client) => applyBatch(client, commitments, logOf(everything)));
    const before = await dump(pool, commitments);
    expect((await pool.query('select from view_commitments_v1.counted')).rowCount).toBeGreaterThan(2);

    await dataSource.initialize();
    const runner = dataSource.createQueryRunner();
    const migration = new CountedCommitments1700000000003();
    await migration.down(runner);
    await runner.startTransaction();
    await migration.up(runner);
    const writing = pool.query('update view_commitments_v1.rows set title = title where "validTo" = $1', [STILL_VALID]);
    const waits = `select 1 from pg_locks where not granted and relation = 'view_commitments_v1.rows'::regclass`;
    await until(async () => (await pool.query(waits)).rowCount === 1);
    await runner.commitTransaction();
    await writing;
    await runner.release();
    expect(await dump(pool, commitments)).toEqual(before);
  } finally {
    await dataSource.destroy();
    await pool.end();
    await database.drop();
  }
});
