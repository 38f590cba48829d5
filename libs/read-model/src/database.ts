import pg from 'pg';
import { EventStoreError } from '#event-store/event-store.ts';

/**
 * A pool whose rows read as they were written: dates as 'YYYY-MM-DD', instants as ISO 8601 with milliseconds,
 * bigint as number (positions and counts are below 2^53), numeric as text.
 */
export function openPool(url: string, connectionsMax: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    types: READ_MODEL_TYPES,
    connectionTimeoutMillis: 5_000,
    application_name: 'read-model',
  });
  // An idle connection that breaks is replaced by the pool; the next query tells whether the database is gone.
  pool.on('error', () => undefined);
  return pool;
}

export const READ_MODEL_TYPES: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    TEXT_PARSERS.get(oid) ?? pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

const parseTextArray = pg.types.getTypeParser(1009 as never) as (text: string) => string[];
const TEXT_PARSERS = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.INT8, Number],
  [pg.types.builtins.DATE, (text) => text],
  [pg.types.builtins.TIMESTAMPTZ, (text) => new Date(text).toISOString()],
  [1182 /* date[] */, parseTextArray],
  [1016 /* bigint[] */, (text) => parseTextArray(text).map(Number)],
]);

/** Runs `work` in one transaction: commits when it returns, rolls back when it throws. */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // Between two queries a broken connection has nobody to tell but this listener; the next query fails.
  const ignore = () => undefined;
  client.on('error', ignore);
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => (broken = rollbackError));
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
}

/** Trouble with the connection, the server or a lock, not with what was asked: the same again may work. */
export function isTransient(error: unknown): boolean {
  if (error instanceof EventStoreError) return error.code === 'EVENT_STORE.UNAVAILABLE';
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string') return TRANSIENT_SQLSTATE.test(code) || TRANSIENT_SYSTEM_ERROR.test(code);
  return TRANSIENT_DRIVER_MESSAGE.test(error.message);
}

/** Connection, resources, serialization or deadlock, lock not available, operator intervention, read-only after a failover. */
const TRANSIENT_SQLSTATE = /^(08...|53...|40...|55P03|57...|25006)$/;
const TRANSIENT_SYSTEM_ERROR = /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;
/** node-postgres gives these no code. */
const TRANSIENT_DRIVER_MESSAGE = /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed)/;
