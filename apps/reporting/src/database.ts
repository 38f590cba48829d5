import { DataSource } from 'typeorm';
import { Reports1700000000001 } from './migrations/1700000000001-reports.ts';
import { tables } from './tables.ts';

/** Our own schema in whatever database we are given, brought up to date; several processes may do so at once. */
export async function openReportDatabase(url: string): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    schema: 'reporting',
    entities: tables,
    migrations: [Reports1700000000001],
    synchronize: false,
    // A connection lost while idle is replaced when the next is needed.
    poolErrorHandler: () => undefined,
    applicationName: 'reporting',
    extra: { max: 8, connectionTimeoutMillis: 5_000 },
  });
  await dataSource.initialize();
  try {
    await migrate(dataSource);
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return dataSource;
}

async function migrate(dataSource: DataSource): Promise<void> {
  const session = dataSource.createQueryRunner();
  try {
    // Held by this session, so that one process migrates at a time.
    await session.query("select pg_advisory_lock(hashtextextended('reporting migrations', 0))");
    await session.query('create schema if not exists reporting');
    await dataSource.runMigrations({ transaction: 'each' });
    await session.query("select pg_advisory_unlock(hashtextextended('reporting migrations', 0))");
  } finally {
    await session.release();
  }
}
