import type { CheckedAppend } from '../check-append.ts';
import { EventStoreError, type AppendResult } from '../event-store.ts';
import type { AppendConnection, TextRow } from './append-connection.ts';
import { troubleOf, unavailable } from './postgres-errors.ts';
import { retryLostConnection } from './retry-lost-connection.ts';

/**
 * Sends one batch to `event_log.append_batch`, or a lone event to `append_one`: one auto-committed call. After a lost connection the same batch is
 * sent again: what had been committed comes back as 'duplicate'. After a data error each append is sent alone, so
 * that one bad append fails no other.
 * @throws EventStoreError EVENT_STORE.UNAVAILABLE for the whole batch
 */
export async function sendBatch(
  connection: AppendConnection,
  batch: readonly CheckedAppend[],
): Promise<PromiseSettledResult<AppendResult>[]> {
  try {
    const results = await retryLostConnection(() => callLog(connection, batch), RESEND_PAUSES_MS);
    return results.map((value) => ({ status: 'fulfilled', value }));
  } catch (error) {
    if (troubleOf(error) !== 'data') throw unavailable(error);
    if (batch.length === 1) return [{ status: 'rejected', reason: refusedByServer(batch[0]!, error) }];
  }
  const results: PromiseSettledResult<AppendResult>[] = [];
  for (const append of batch) results.push(...(await sendBatch(connection, [append])));
  return results;
}

/** About five seconds in all: long enough for a fail-over or a restart, short enough for a person who waits. */
const RESEND_PAUSES_MS = [50, 100, 200, 400, 800, 1_500, 2_000];

async function callLog(connection: AppendConnection, batch: readonly CheckedAppend[]): Promise<AppendResult[]> {
  const done = batch.length === 1 ? await appendOne(connection, batch[0]!) : undefined;
  return done ? [done] : appendBatch(connection, batch);
}

/** Nothing where this is more than one event or of no exact revision, or where the stream is at another revision. */
async function appendOne(connection: AppendConnection, { stream, expected, events }: CheckedAppend): Promise<AppendResult | undefined> {
  if (events.length > 1 || expected === 'any') return undefined;
  const { id, type, data, metadata } = events[0]!;
  const [row] = await connection.call({
    name: 'append_one',
    text: 'select event_log.append_one($1, $2, $3, $4, $5, $6)',
    values: [stream, String(expected), id, type, data, metadata],
  });
  const position = row?.[0];
  return position ? { outcome: 'appended', revision: expected + 1, position: Number(position) } : undefined;
}

async function appendBatch(connection: AppendConnection, batch: readonly CheckedAppend[]): Promise<AppendResult[]> {
  const streams: string[] = [], expected: (number | 'null')[] = [], sizes: number[] = [];
  const appends: number[] = [], places: number[] = [], ids: string[] = [], types: string[] = [], data: string[] = [], metadata: string[] = [];
  for (const append of batch) {
    streams.push(append.stream);
    expected.push(append.expected === 'any' ? 'null' : append.expected);
    sizes.push(append.events.length);
    for (const [index, event] of append.events.entries()) {
      appends.push(streams.length);
      places.push(index + 1);
      ids.push(event.id);
      types.push(event.type);
      data.push(event.data);
      metadata.push(event.metadata);
    }
  }
  const rows = await connection.call({
    name: 'append_batch',
    text: 'select outcome, at_revision, at_position from event_log.append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    values: [
      arrayOf(streams), arrayOf(expected), arrayOf(sizes), arrayOf(appends), arrayOf(places), arrayOf(ids), `{"${types.join('","')}"}`,
      // JSON.stringify writes no line breaks, so a line is an event.
      data.join('\n'), metadata.join('\n'),
    ],
  });
  if (rows.length !== batch.length)
    throw new EventStoreError('EVENT_STORE.UNAVAILABLE', `the event log gave ${rows.length} verdicts on ${batch.length} appends`);
  return rows.map(toResult);
}

/** The checked names, ids and numbers need no quotes; but a type may be "null". */
function arrayOf(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}

/** The position is null for a conflict. */
function toResult([outcome, revision, position]: TextRow): AppendResult {
  if (outcome === 'conflict') return { outcome, actualRevision: Number(revision) };
  return { outcome: outcome as 'appended' | 'duplicate', revision: Number(revision), position: Number(position) };
}

function refusedByServer(append: CheckedAppend, cause: unknown): EventStoreError {
  return new EventStoreError('EVENT_STORE.REFUSED', `the event log can't hold this append to ${append.stream}`, { cause });
}
