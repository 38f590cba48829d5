import { setTimeout as sleep } from 'node:timers/promises';
import { END, jsonEvent, MaxAppendSizeExceededError, NO_STREAM, WrongExpectedVersionError, type KurrentDBClient } from '@kurrent/kurrentdb-client';
import type { CheckedAppend, CheckedEvent } from '../check-append.ts';
import { EventStoreError, type AppendResult } from '../event-store.ts';
import { DeadlineError, isPassing, truncated, unavailable } from './kurrentdb-errors.ts';
import { ATTEMPT_MS, SEND_MS, type LogClock, type Turn } from './log-clock.ts';
import { within, type Reads, type ServerEvent } from './reads.ts';

/** Where appends of one log go. */
export interface AppendTo {
  client: KurrentDBClient;
  reads: Reads;
  clock: LogClock;
  /** The server's name of a stream of ours. */
  nameOf(stream: string): string;
}

/** An append, or one of a copy: of events that were recorded before. */
export interface StampedAppend extends Omit<CheckedAppend, 'events'> {
  events: readonly (CheckedEvent & { recordedAt?: string })[];
}

/**
 * Sends all appends of a batch at once, with one time, since the server may take them in any order; at most one to a
 * stream. Those whose outcome is unknown are sent again in another turn: what had taken effect comes back as
 * 'duplicate'.
 * @throws EventStoreError EVENT_STORE.UNAVAILABLE for the whole batch
 */
export async function sendBatch(to: AppendTo, batch: readonly StampedAppend[]): Promise<PromiseSettledResult<AppendResult>[]> {
  const results: PromiseSettledResult<AppendResult>[] = [];
  const giveUpAt = performance.now() + RESEND_MS_MAX;
  let open = [...batch.keys()];
  for (const ms of [...RESEND_PAUSES_MS, undefined]) {
    let answers: PromiseSettledResult<AppendResult>[];
    try {
      answers = await to.clock.use((turn) => Promise.allSettled(open.map((index) => appendOnce(to, batch[index]!, turn))));
    } catch (error) {
      // What has its answer keeps it.
      if (results.length === 0) throw error;
      for (const index of open) results[index] = { status: 'rejected', reason: error };
      return results;
    }
    for (const [n, answer] of answers.entries()) {
      results[open[n]!] = answer;
      if (answer.status === 'fulfilled' && answer.value.outcome === 'appended') to.clock.appended(batch[open[n]!]!.events.length, answer.value.position);
    }
    open = open.filter((index) => isUnknown(results[index]!));
    if (open.length === 0 || performance.now() > giveUpAt) break;
    to.clock.doubt();
    if (ms !== undefined) await sleep(ms);
  }
  return results;
}

/** About five seconds in all: long enough for a fail-over or a restart, short enough for a person who waits. */
const RESEND_PAUSES_MS = [50, 100, 200, 400, 800, 1_500, 2_000];
/** Of a server that takes appends and does not answer. */
const RESEND_MS_MAX = 10_000;

function isUnknown(result: PromiseSettledResult<AppendResult>): boolean {
  return result.status === 'rejected' && isPassing(result.reason);
}

/**
 * In a turn of the clock no other process appends, and no other append to this stream is under way. So what comes behind
 * the turn's floor was appended now; the server answers a repeat with the first time's place.
 * @throws EventStoreError
 */
async function appendOnce(to: AppendTo, append: StampedAppend, turn: Turn): Promise<AppendResult> {
  if (append.expected !== 'any') return appendAt(to, append, append.expected, turn);
  // The server finds a repeat at any revision only while it remembers the ids, which a restart ends.
  const recent = await to.reads.stream({ stream: to.nameOf(append.stream), from: END, count: RECENT_MAX, backwards: true });
  return repeatAmong(recent.reverse(), append) ?? appendAt(to, append, recent.length === 0 ? 0 : revisionOf(recent.at(-1)!), turn);
}

/** Revisions behind which a repeat at any revision is no longer looked for: as the port says. */
const RECENT_MAX = 1_000;

async function appendAt(to: AppendTo, append: StampedAppend, expected: number, turn: Turn): Promise<AppendResult> {
  // Should it have taken long to get here, another may take the clock over before this could arrive.
  if (performance.now() > turn.until) throw unavailable(new DeadlineError(SEND_MS));
  // The server writes nothing of what comes to it later than that (KurrentDB: src/KurrentDB.Core/Services/Transport/Grpc/Streams.BatchAppend.cs).
  const deadline = turn.landBy - performance.now();
  const streamState = expected === 0 ? NO_STREAM : BigInt(expected - 1);
  try {
    const answer = await within(ATTEMPT_MS, to.client.appendToStream(to.nameOf(append.stream), eventsOf(append, turn), { streamState, requiresLeader: true, deadline }));
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
async function conflictOrRepeat(to: AppendTo, append: StampedAppend, expected: number, { actualState }: WrongExpectedVersionError): Promise<AppendResult> {
  const actualRevision = typeof actualState === 'bigint' ? Number(actualState) + 1 : 0;
  if (actualRevision <= expected) return { outcome: 'conflict', actualRevision };
  const since = await to.reads.stream({ stream: to.nameOf(append.stream), from: expected, count: append.events.length });
  const isThere = since.length === append.events.length && revisionOf(since[0]!) === expected + 1;
  return (isThere ? repeatAmong(since, append) : undefined) ?? { outcome: 'conflict', actualRevision };
}

/** The answer of the first time, where these events hold exactly those of the append behind one another. */
function repeatAmong(events: readonly ServerEvent[], append: StampedAppend): AppendResult | undefined {
  const start = events.findLastIndex(({ id }) => id === append.events[0]!.id);
  const same = start >= 0 && append.events.every(({ id }, index) => events[start + index]?.id === id);
  const last = same ? events[start + append.events.length - 1]! : undefined;
  return last && { outcome: 'duplicate', revision: revisionOf(last), position: last.position };
}

/** Ours begin at 1, the server's at 0. */
function revisionOf(event: ServerEvent): number {
  return event.revision + 1;
}

function eventsOf({ events }: StampedAppend, { stamp }: Turn) {
  const now = new Date(stamp).toISOString();
  // The client writes the data as JSON again: the same text, for it was written so. Metadata it takes as bytes.
  return events.map(({ id, type, data, metadata, recordedAt = now }) =>
    ({ ...jsonEvent({ id, type, data: JSON.parse(data) as Record<string, unknown> }), metadata: new TextEncoder().encode(`${metadata.slice(0, -1)},"recordedAt":"${recordedAt}"}`) }));
}
