import type { ClientBase, QueryResult } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { qualifiedTablesOf, viewId, type View } from './view.ts';

/**
 * Runs several reads of some views as of one moment, read-only, and tells the lowest position that any of them had
 * reached: nothing above it is promised to be in the answer.
 */
export async function inSnapshot<T>(
  dataSource: DataSource,
  views: readonly View[],
  read: (manager: EntityManager) => Promise<T>,
): Promise<{ value: T; position: number }> {
  const runner = dataSource.createQueryRunner();
  try {
    const position = await begin(runner, views);
    const value = await read(runner.manager);
    await runner.query('commit');
    return { value, position };
  } catch (error) {
    // Where the connection broke there is nothing to roll back; what broke it is thrown.
    await runner.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}

/**
 * One message to the server and back for all of it. The tables are locked before the first query takes the snapshot:
 * otherwise a rebuild that ends in between would show us tables that were not yet filled as of the snapshot.
 * @returns the lowest position
 */
async function begin(runner: QueryRunner, views: readonly View[]): Promise<number> {
  const ids = views.map((view) => `'${viewId(view)}'`).join(', ');
  // TypeORM gives no answers to several statements at once.
  const client = (await runner.connect()) as ClientBase;
  const answers: unknown = await client.query(`
    begin isolation level repeatable read, read only;
    lock table ${views.flatMap(qualifiedTablesOf).join(', ')} in access share mode;
    select count(*)::int as views, min(position) as position from read_model.checkpoints where view in (${ids})`);
  const [found] = (answers as QueryResult<{ views: number; position: number | null }>[]).at(-1)!.rows as [{ views: number; position: number | null }];
  return found.views === views.length ? (found.position ?? 0) : 0;
}
