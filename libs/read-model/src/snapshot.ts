import type { ClientBase, QueryResult } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { qualifiedTablesOf, viewId, type View } from './view.ts';

/** What was read, and how far it can be relied on. */
export interface Seen<T> {
  value: T;
  /** The lowest that any of the views had reached: nothing above it is promised to be in the answer. */
  position: number;
  /** Events up to there that are not in the answer, because a view was made to step over them: `commitments_v1@17`, by position. */
  parked: string[];
}

/** Runs several reads of some views as of one moment, read-only. */
export async function inSnapshot<T>(
  dataSource: DataSource,
  views: readonly View[],
  read: (manager: EntityManager) => Promise<T>,
): Promise<Seen<T>> {
  const runner = dataSource.createQueryRunner();
  try {
    const { position, parked } = await begin(runner, views);
    const value = await read(runner.manager);
    await runner.query('commit');
    return { value, position, parked };
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
 */
async function begin(runner: QueryRunner, views: readonly View[]): Promise<Omit<Seen<unknown>, 'value'>> {
  const ids = views.map((view) => `'${viewId(view)}'`).join(', ');
  // TypeORM gives no answers to several statements at once.
  const client = (await runner.connect()) as ClientBase;
  const answers: unknown = await client.query(`
    begin isolation level repeatable read, read only;
    lock table ${views.flatMap(qualifiedTablesOf).join(', ')} in access share mode;
    select count(*)::int as views, min(position) as position,
           array(select view || '@' || position from read_model.parked_events where view in (${ids}) order by position, view) as parked
    from read_model.checkpoints where view in (${ids})`);
  const [{ views: moved, position, parked }] = (answers as QueryResult<Begun>[]).at(-1)!.rows as [Begun];
  return { position: moved === views.length ? (position ?? 0) : 0, parked };
}

interface Begun {
  /** Those that a projector has seen. */
  views: number;
  position: number | null;
  parked: string[];
}
