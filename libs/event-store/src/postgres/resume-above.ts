import pg from 'pg';
import type { EventMetadata } from '#domain/event.ts';
import { checkAppend } from '../check-append.ts';

export interface Resumed {
  /** First position that is void, for ever: the one after the log's end. */
  voidFrom: number;
  /** Of the event that says so: the log's new end. */
  position: number;
}

/** Highest position to resume above: whatever is appended for centuries stays below 2^53, and a sequence has 16 digits. */
export const RESUME_ABOVE_MAX = 10 ** 15;

/**
 * Lets a log that has lost its end, as by a restore or a failover, go on above `position`, which must be the highest
 * that anybody may have seen, or more. The only gap there ever is, and an event (`LogRestored`) records it.
 * @param url of the log's owner, who migrated it
 * @throws EventStoreError EVENT_STORE.REFUSED when the event can't be held
 * @throws Error when the log ends at `position` or above, was not set up, refuses the user, or can't be reached
 */
export async function resumeAbove(url: string, position: number, event: { id: string; metadata: EventMetadata }): Promise<Resumed> {
  if (!Number.isInteger(position) || position < 1 || position > RESUME_ABOVE_MAX)
    throw new Error(`the position must be an integer from 1 to ${RESUME_ABOVE_MAX}, not ${position}`);
  const { id, metadata } = checkAppend('log-restored', 'any', [{ type: 'LogRestored', data: {}, ...event }]).events[0]!;
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'event-log-resume' });
  // A lost connection fails the statement under way; without a listener it would also end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query("set lock_timeout = '60s'");
    const { rows } = await client.query<{ void_from: string; at_position: string }>(
      'select void_from, at_position from event_log.resume_above($1, $2, $3)',
      [position, id, metadata],
    );
    return { voidFrom: Number(rows[0]!.void_from), position: Number(rows[0]!.at_position) };
  } finally {
    await client.end();
  }
}
