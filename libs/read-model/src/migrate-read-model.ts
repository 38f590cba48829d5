import pg from 'pg';
import { createDataSource } from './data-source.ts';

/** Brings the read model's tables to this build's; does nothing where they are. Safe to call from several processes. */
export async function migrateReadModel(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // Held until the connection ends, so that one process migrates at a time.
    await client.query(`select pg_advisory_lock(hashtextextended('read_model migrations', 0))`);
    await client.query('create schema if not exists read_model');
    await runMigrations(url);
  } finally {
    await client.end();
  }
}

async function runMigrations(url: string): Promise<void> {
  const dataSource = createDataSource(url);
  await dataSource.initialize();
  try {
    await dataSource.runMigrations({ transaction: 'each' });
  } finally {
    await dataSource.destroy();
  }
}
