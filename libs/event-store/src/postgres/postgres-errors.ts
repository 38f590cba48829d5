import pg from 'pg';
import { EventStoreError } from '../event-store.ts';

/**
 * What went wrong with a call:
 * - 'connection': it was lost, refused or never made; whether the call took effect is unknown, and it may be repeated;
 * - 'data': the server refused what was sent, and will again;
 * - 'server': everything else, such as a time-out, missing rights or a missing table.
 */
export type Trouble = 'connection' | 'data' | 'server';

export function troubleOf(error: unknown): Trouble {
  if (error instanceof EventStoreError) return 'server';
  // An error without a code of the server comes from the socket or from the driver's own time-outs.
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return 'connection';
  if (error.code.startsWith('08') || CONNECTION_CODES.has(error.code)) return 'connection';
  if (error.code.startsWith('22') || error.code === STATEMENT_TOO_COMPLEX) return 'data';
  return 'server';
}

/** The error that leaves the store; the driver's own stays behind as its cause. */
export function unavailable(error: unknown): EventStoreError {
  if (error instanceof EventStoreError) return error;
  return new EventStoreError('EVENT_STORE.UNAVAILABLE', explain(error), { cause: error });
}

/** admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout, too_many_connections. */
const CONNECTION_CODES = new Set(['57P01', '57P02', '57P03', '57P05', '53300']);
/** JSON nested deeper than the server's stack. */
const STATEMENT_TOO_COMPLEX = '54001';

function explain(error: unknown): string {
  const code = error instanceof pg.DatabaseError ? error.code : undefined;
  switch (code) {
    case '55P03':
      return 'the event log is busy: its lock was not free in time';
    case '57014':
      return 'the event log did not answer in time';
    case '42501':
      return 'the event log refused the database user: it must be a member of the role event_log_app';
    case '3F000':
    case '42P01':
    case '42883':
    case '22023':
      return 'the event log is not set up in this database: run its migration';
    default:
      return troubleOf(error) === 'connection' ? "the event log can't be reached" : 'the event log failed';
  }
}
