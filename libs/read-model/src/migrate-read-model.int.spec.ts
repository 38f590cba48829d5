import { testDatabase } from '#testing/postgres.ts';
import { createDataSource } from './data-source.ts';
import { migrateReadModel } from './migrate-read-model.ts';

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
