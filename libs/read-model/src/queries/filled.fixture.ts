import type pg from 'pg';
import type { DataSource } from 'typeorm';
import type { RecordedEvent } from '#domain/event.ts';
import { testDatabase } from '#testing/postgres.ts';
import { applyBatch } from '../apply-batch.ts';
import { createCheckpoints, moveCheckpoints } from '../checkpoints.ts';
import { createDataSource } from '../data-source.ts';
import { inTransaction, openPool } from '../database.ts';
import { migrateReadModel } from '../migrate-read-model.ts';
import { inSnapshot } from '../snapshot.ts';
import { qualifiedTablesOf } from '../view.ts';
import { views } from '../views.ts';
import type { Reading } from './read-model.ts';

/** All views, folded from a log as far as a test wants. */
export interface FilledReadModel {
  /** Folds the events that come next. */
  apply(events: readonly RecordedEvent[]): Promise<void>;
  /** Forgets everything. */
  empty(): Promise<void>;
  read<T>(reading: Reading<T>): Promise<T>;
  pool: pg.Pool;
  drop(): Promise<void>;
}

const BATCH = 200;

export async function filledReadModel(log: readonly RecordedEvent[] = []): Promise<FilledReadModel> {
  const database = await testDatabase();
  await migrateReadModel(database.url);
  const pool = openPool(database.url, 2);
  const dataSource: DataSource = createDataSource(database.url);
  await dataSource.initialize();
  await createCheckpoints(pool, views);

  const apply = async (events: readonly RecordedEvent[]): Promise<void> => {
    for (let at = 0; at < events.length; at += BATCH) {
      const batch = events.slice(at, at + BATCH);
      await inTransaction(pool, async (client) => {
        for (const view of views) await applyBatch(client, view, batch);
        await moveCheckpoints(client, views, batch.at(-1)!);
      });
    }
  };
  await apply(log);
  return {
    apply,
    pool,
    read: async (reading) => (await inSnapshot(dataSource, views, reading)).value,
    async empty() {
      await pool.query(`truncate ${views.flatMap(qualifiedTablesOf).join(', ')}`);
      await pool.query('update read_model.checkpoints set position = 0');
    },
    async drop() {
      await dataSource.destroy();
      await pool.end();
      await database.drop();
    },
  };
}
