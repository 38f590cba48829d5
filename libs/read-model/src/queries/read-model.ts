import type pg from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import { readCheckpoints, type Standing } from '../checkpoints.ts';
import { createDataSource } from '../data-source.ts';
import { openPool } from '../database.ts';
import { PositionWatch } from '../position-watch.ts';
import { inSnapshot, type Seen } from '../snapshot.ts';
import type { View } from '../view.ts';
import { views as allViews } from '../views.ts';

/** Reads through one transaction; sees one moment. */
export type Reading<T> = (manager: EntityManager) => Promise<T>;

/** The views had not come to the position asked for when the wait was over. */
export class NotYetError extends Error {
  constructor(
    readonly wanted: number,
    readonly reached: number,
  ) {
    super(`the views have come to ${reached}, not to ${wanted}`);
    this.name = 'NotYetError';
  }
}

/** So many wait for a connection already that one more would wait for nothing but its time-out. */
export class TooManyReadingsError extends Error {}

/** The views, for those who only read them. */
export class ReadModel {
  private readonly watch: PositionWatch;

  /** Connects with the first query, so that a database that is down does not keep anyone from starting. */
  static open(url: string): ReadModel {
    const dataSource = createDataSource(url);
    // A query that runs away must not hold a connection for ever.
    dataSource.setOptions({ extra: { ...(dataSource.options.extra as object), ...BOUNDS } });
    return new ReadModel(url, dataSource, openPool(url, WATCH_CONNECTIONS_MAX));
  }

  private initialized: Promise<unknown> | undefined;

  private constructor(
    url: string,
    private readonly dataSource: DataSource,
    private readonly pool: pg.Pool,
  ) {
    this.watch = new PositionWatch(url, pool, allViews);
  }

  /**
   * Reads some views as of one moment and tells the position they had come to: everything up to it is in the answer.
   * Waits until that is at least `minPosition`.
   * @throws NotYetError after WAIT_MS_MAX; TooManyReadingsError
   */
  async read<T>(views: readonly View[], minPosition: number, reading: Reading<T>): Promise<Seen<T>> {
    if (minPosition > 0) {
      const reached = await this.watch.waitForPosition(views, minPosition, { deadlineMs: WAIT_MS_MAX });
      if (reached < minPosition) throw new NotYetError(minPosition, reached);
    }
    const dataSource = await this.connected();
    if (connectionsOf(dataSource).waitingCount >= READINGS_WAITING_MAX) throw new TooManyReadingsError('too many readings wait for a connection');
    return inSnapshot(dataSource, views, reading);
  }

  /**
   * How far each view is, in the order of `views.ts`.
   * @throws Error also where this could be told and no query answered: what watches has connections of its own
   */
  async checkpoints(): Promise<Standing[]> {
    const dataSource = await this.connected();
    // Not where some are there: behind many readings it would wait, and busy is not unable.
    if (connectionsOf(dataSource).totalCount === 0) await dataSource.query('select 1');
    return readCheckpoints(this.pool, allViews);
  }

  async close(): Promise<void> {
    await this.watch.close();
    await this.pool.end();
    // A connection that could not be made has been told to whoever asked for it.
    await this.initialized?.catch(() => undefined);
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  private async connected(): Promise<DataSource> {
    this.initialized ??= this.dataSource.initialize();
    try {
      await this.initialized;
    } catch (error) {
      this.initialized = undefined;
      throw error;
    }
    return this.dataSource;
  }
}

function connectionsOf(dataSource: DataSource): pg.Pool {
  return (dataSource.driver as unknown as { master: pg.Pool }).master;
}

/** About a second of work for two cores; a reading that waits longer than five gives up. */
export const READINGS_WAITING_MAX = 500;
/** Longest wait for a position. */
export const WAIT_MS_MAX = 5_000;
const WATCH_CONNECTIONS_MAX = 2;
export const CONNECTIONS_MAX = 10;
const BOUNDS = { max: CONNECTIONS_MAX, statement_timeout: 10_000, query_timeout: 12_000, connectionTimeoutMillis: 5_000 };
