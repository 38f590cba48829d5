import type { DataSource, EntityManager } from 'typeorm';
import { viewId, viewSchema, type View } from './view.ts';

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
    // The tables are locked before the first query takes the snapshot: otherwise a rebuild that ends in between would
    // show us tables that were not yet filled as of the snapshot.
    await runner.query(
      `begin isolation level repeatable read, read only; lock table ${tablesOf(views).join(', ')} in access share mode`,
    );
    const position = await lowestPosition(runner.manager, views);
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

function tablesOf(views: readonly View[]): string[] {
  return views.flatMap((view) => [`${viewSchema(view)}.rows`, ...(view.rollupEntity ? [`${viewSchema(view)}.rollup`] : [])]);
}

async function lowestPosition(manager: EntityManager, views: readonly View[]): Promise<number> {
  const [found] = await manager.query<{ views: number; position: number | null }[]>(
    'select count(*)::int as views, min(position) as position from read_model.checkpoints where view = any($1)',
    [views.map(viewId)],
  );
  return found!.views === views.length ? (found!.position ?? 0) : 0;
}
