import { END, jsonEvent, MaxAppendSizeExceededError, NO_STREAM, WrongExpectedVersionError, type KurrentDBClient } from '@kurrent/kurrentdb-client';
import type { CheckedAppend } from '../check-append.ts';
import { EventStoreError, type AppendResult } from '../event-store.ts';
import { truncated, unavailable } from './kurrentdb-errors.ts';
import { ATTEMPT_MS, type Turn } from './log-clock.ts';
import { within, type Reads, type ServerEvent } from './reads.ts';

/** Where appends of one log go. */
export interface AppendTo {
  client: KurrentDBClient;
  reads: Reads;
  /** The server's name of a stream of ours. */
  nameOf(stream: string): string;
}

/**
 * Appends once, in a turn of the clock: no other process appends meanwhile, and no other append to this stream is under
 * way. So what comes behind the turn's floor was appended now; the server answers a repeat with the first time's place.
 * @throws EventStoreError; what is unknown after an error that is passing (isPassing) may be sent again
 */
export async function appendOnce(to: AppendTo, append: CheckedAppend, turn: Turn): Promise<AppendResult> {
  if (append.expected !== 'any') return appendAt(to, append, append.expected, turn);
  // The server finds a repeat at any revision only while it remembers the ids, which a restart ends.
  const recent = await to.reads.stream({ stream: to.nameOf(append.stream), from: END, count: RECENT_MAX, backwards: true });
  return repeatAmong(recent.reverse(), append) ?? appendAt(to, append, recent.length === 0 ? 0 : revisionOf(recent.at(-1)!), turn);
}

/** Revisions behind which a repeat at any revision is no longer looked for: as the port says. */
const RECENT_MAX = 1_000;

async function appendAt(to: AppendTo, append: CheckedAppend, expected: number, turn: Turn): Promise<AppendResult> {
  const streamState = expected === 0 ? NO_STREAM : BigInt(expected - 1);
  try {
    const answer = await within(ATTEMPT_MS, to.client.appendToStream(to.nameOf(append.stream), eventsOf(append, turn), { streamState, requiresLeader: true }));
    const revision = Number(answer.nextExpectedRevision) + 1;
    // A stream that was deleted goes on behind its old revisions; a repeat whose event is gone has no position.
    if (revision !== expected + append.events.length || !answer.position) throw truncated(`${append.stream} was truncated or deleted`);
    const position = Number(answer.position.commit);
    return { outcome: position > turn.floor ? 'appended' : 'duplicate', revision, position };
  } catch (error) {
    if (error instanceof WrongExpectedVersionError) return await conflictOrRepeat(to, append, expected, error);
    if (error instanceof MaxAppendSizeExceededError)
      throw new EventStoreError('EVENT_STORE.EVENT_TOO_LARGE', `the server takes ${error.maxAppendSize} bytes in an append (MaxAppendSize); it must take 1 MiB`, { cause: error });
    throw unavailable(error);
  }
}

/** The server compares with the last time that it saw an id, which need not be the time that is repeated. */
async function conflictOrRepeat(to: AppendTo, append: CheckedAppend, expected: number, { actualState }: WrongExpectedVersionError): Promise<AppendResult> {
  const actualRevision = typeof actualState === 'bigint' ? Number(actualState) + 1 : 0;
  if (actualRevision <= expected) return { outcome: 'conflict', actualRevision };
  const since = await to.reads.stream({ stream: to.nameOf(append.stream), from: expected, count: append.events.length });
  const isThere = since.length === append.events.length && revisionOf(since[0]!) === expected + 1;
  return (isThere ? repeatAmong(since, append) : undefined) ?? { outcome: 'conflict', actualRevision };
}

/** The answer of the first time, where these events hold exactly those of the append behind one another. */
function repeatAmong(events: readonly ServerEvent[], append: CheckedAppend): AppendResult | undefined {
  const start = events.findLastIndex(({ id }) => id === append.events[0]!.id);
  const same = start >= 0 && append.events.every(({ id }, index) => events[start + index]?.id === id);
  const last = same ? events[start + append.events.length - 1]! : undefined;
  return last && { outcome: 'duplicate', revision: revisionOf(last), position: Number(last.position!.commit) };
}

/** Ours begin at 1, the server's at 0. */
function revisionOf(event: ServerEvent): number {
  return Number(event.revision) + 1;
}

function eventsOf({ events }: CheckedAppend, { stamp }: Turn) {
  const recordedAt = new Date(stamp).toISOString();
  // The client writes the data as JSON again: the same text, for it was written so. Metadata it takes as bytes.
  return events.map(({ id, type, data, metadata }) =>
    ({ ...jsonEvent({ id, type, data: JSON.parse(data) as Record<string, unknown> }), metadata: new TextEncoder().encode(`{"recordedAt":"${recordedAt}",${metadata.slice(1)}`) }));
}
