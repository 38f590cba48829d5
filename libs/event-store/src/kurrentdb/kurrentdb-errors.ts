import { EventStoreError } from '../event-store.ts';

/**
 * What went wrong with a call:
 * - 'connection', 'not-leader', 'deadline': whether it took effect is unknown, and it may be repeated;
 * - 'access-denied': the user lacks a right;
 * - 'deleted': the stream was deleted;
 * - 'other': everything that the client has no better name for, such as a server that is not ready.
 */
export type Trouble = 'connection' | 'not-leader' | 'deadline' | 'access-denied' | 'deleted' | 'other';

export function troubleOf(error: unknown): Trouble {
  const { type, name, message } = (error ?? {}) as { type?: unknown; name?: unknown; message?: unknown };
  // The client has no class of its own for a cluster of which it finds no node.
  if (String(message).startsWith('Failed to discover')) return 'connection';
  return TROUBLES[String(type ?? name)] ?? 'other';
}

/** Whether the call may succeed when it is made again. */
export function isPassing(error: unknown): boolean {
  const cause = error instanceof EventStoreError ? (error.code === 'EVENT_STORE.UNAVAILABLE' ? error.cause : undefined) : error;
  const trouble = troubleOf(cause);
  // An error that is none of the client's or of gRPC's is a mistake of ours, and comes again.
  return trouble === 'other' ? hasTypeOrCode(cause) : trouble !== 'access-denied' && trouble !== 'deleted';
}

function hasTypeOrCode(error: unknown): boolean {
  const { type, code } = (error ?? {}) as { type?: unknown; code?: unknown };
  return typeof type === 'string' || typeof code === 'number';
}

/** The error that leaves the store; the client's own stays behind as its cause. */
export function unavailable(error: unknown): EventStoreError {
  if (error instanceof EventStoreError) return error;
  const trouble = troubleOf(error);
  if (trouble === 'deleted') return truncated('a stream was deleted', error);
  return new EventStoreError('EVENT_STORE.UNAVAILABLE', MESSAGES[trouble], { cause: error });
}

export function truncated(message: string, cause?: unknown): EventStoreError {
  return new EventStoreError('EVENT_STORE.TRUNCATED', `events are missing from the event log: ${message}`, { cause });
}

/** No answer in the time that we wait. */
export class DeadlineError extends Error {
  constructor(ms: number) {
    super(`no answer in ${Math.round(ms)} ms`);
    this.name = 'DeadlineExceededError';
  }
}

const TROUBLES: Record<string, Trouble> = {
  unavailable: 'connection',
  cancelled: 'connection',
  'not-leader': 'not-leader',
  timeout: 'deadline',
  'deadline-exceeded': 'deadline',
  DeadlineExceededError: 'deadline',
  'access-denied': 'access-denied',
  'stream-deleted': 'deleted',
  'stream-tombstoned': 'deleted',
};

const MESSAGES: Record<Exclude<Trouble, 'deleted'>, string> = {
  connection: "the event log can't be reached",
  'not-leader': 'the event log was reached at a node that is not its leader',
  deadline: 'the event log did not answer in time',
  'access-denied': "the event log refused the user: it needs to append to the log's streams and to read $all",
  other: 'the event log failed',
};
