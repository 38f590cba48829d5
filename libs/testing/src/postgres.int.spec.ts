import pg from 'pg';
import { testDatabase } from './postgres.ts';

test('each test database is empty, on PostgreSQL 18, and gone after drop, whoever is connected', async () => {
  const database = await testDatabase();
  const client = new pg.Client(database.url);
  const lost = new Promise((resolve) => client.on('error', resolve));
  await client.connect();
  const { rows } = await client.query<{ tables: number; version: number; fsync: string }>(`
    select (select count(*)::int from pg_tables where schemaname = 'public') as tables,
           current_setting('server_version_num')::int / 10000 as version, current_setting('fsync') as fsync`);
  expect(rows).toEqual([{ tables: 0, version: 18, fsync: 'on' }]);

  await database.drop();
  await expect(lost).resolves.toMatchObject({ code: '57P01' });
  await client.end();
  await expect(new pg.Client(database.url).connect()).rejects.toMatchObject({ code: '3D000' });
});
