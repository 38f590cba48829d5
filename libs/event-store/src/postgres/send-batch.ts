import type pg from 'pg';
import type { CheckedAppend } from '../check-append.ts';
import { EventStoreError, type AppendResult } from '../event-store.ts';
import { retryLostConnection } from './retry-lost-connection.ts';
import { troubleOf, unavailable } from './postgres-errors.ts';

/**
 * Sends one batch to `event_log.append_batch`, or a lone event to `append_one`: one auto-committed call. After a lost connection the same batch is
 * sent again: what had been committed comes back as 'duplicate'. After a data error each append is sent alone, so
 * that one bad append fails no other.
 * @throws EventStoreError EVENT_STORE.UNAVAILABLE for the whole batch
 */
export async function sendBatch(
  pool: pg.Pool,
  batch: readonly CheckedAppend[],
): Promise<PromiseSettledResult<AppendResult>[]> {
  try {
    const results = await retryLostConnection(() => callLog(pool, batch), RESEND_PAUSES_MS);
    return results.map((value) => ({ status: 'fulfilled', value }));
  } catch (error) {
    if (troubleOf(error) !== 'data') throw unavailable(error);
    if (batch.length === 1) return [{ status: 'rejected', reason: refusedByServer(batch[0]!, error) }];
  }
  const results: PromiseSettledResult<AppendResult>[] = [];
  for (const append of batch) results.push(...(await sendBatch(pool, [append])));
  return results;
}

/** About five seconds in all: long enough for a fail-over or a restart, short enough for a person who waits. */
const RESEND_PAUSES_MS = [50, 100, 200, 400, 800, 1_500, 2_000];

async function callLog(pool: pg.Pool, batch: readonly CheckedAppend[]): Promise<AppendResult[]> {
  const done = await appendOne(pool, batch);
  return done ? [done] : appendBatch(pool, batch);
}

/** Nothing where this is more than one event at an exact revision, or where the stream is at another revision. */
async function appendOne(pool: pg.Pool, [append, ...more]: readonly CheckedAppend[]): Promise<AppendResult | undefined> {
  const [event, ...others] = append!.events;
  if (more.length > 0 || others.length > 0 || append!.expected === 'any') return undefined;
  const { rows } = await pool.query<{ position: string | null }>({
    name: 'append_one',
    text: 'select event_log.append_one($1, $2, $3, $4, $5, $6) as position',
    values: [append!.stream, append!.expected, event!.id, event!.type, event!.data, event!.metadata],
  });
  const position = rows[0]?.position;
  return position ? { outcome: 'appended', revision: append!.expected + 1, position: Number(position) } : undefined;
}

async function appendBatch(pool: pg.Pool, batch: readonly CheckedAppend[]): Promise<AppendResult[]> {
  const events = batch.flatMap(({ events }, append) => events.map((event, place) => ({ append: append + 1, place: place + 1, ...event })));
  const { rows } = await pool.query<Verdict>({
    name: 'append_batch',
    text: 'select outcome, at_revision, at_position from event_log.append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    values: [
      batch.map(({ stream }) => stream),
      batch.map(({ expected }) => (expected === 'any' ? null : expected)),
      batch.map(({ events }) => events.length),
      events.map(({ append }) => append),
      events.map(({ place }) => place),
      events.map(({ id }) => id),
      events.map(({ type }) => type),
      // JSON.stringify writes no line breaks, so a line is an event.
      events.map(({ data }) => data).join('\n'),
      events.map(({ metadata }) => metadata).join('\n'),
    ],
  });
  if (rows.length !== batch.length)
    throw new EventStoreError('EVENT_STORE.UNAVAILABLE', `the event log gave ${rows.length} verdicts on ${batch.length} appends`);
  return rows.map(toResult);
}

interface Verdict {
  outcome: AppendResult['outcome'];
  at_revision: number;
  /** int8: text in the driver. Null for a conflict. */
  at_position: string | null;
}

function toResult({ outcome, at_revision, at_position }: Verdict): AppendResult {
  if (outcome === 'conflict') return { outcome, actualRevision: at_revision };
  return { outcome, revision: at_revision, position: Number(at_position) };
}

function refusedByServer(append: CheckedAppend, cause: unknown): EventStoreError {
  return new EventStoreError('EVENT_STORE.REFUSED', `the event log can't hold this append to ${append.stream}`, { cause });
}
