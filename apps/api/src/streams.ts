import { LRUCache } from 'lru-cache';
import { MisfitEventError, requireFitting } from '#contracts/fitting.ts';
import { UnknownEventError, type NewEvent, type RecordedEvent } from '#domain/event.ts';
import { requireKnown } from '#domain/events.ts';
import { streams } from '#domain/streams.ts';
import type { Category, StateOf, StreamType } from '#domain/use-case.ts';
import { categoryOf, type AppendResult, type EventStore } from '#event-store/event-store.ts';
import { Problem } from '#platform/problem.ts';

/** What a command is answered with: the thing made or changed, and the stream's revision and position after it. */
export interface CommandAnswer {
  id: string;
  revision: number;
  position: number;
  status: string;
}

/** A stream folded up to a revision, with the commands it has taken. */
export interface FoldedStream<State = AnyState> {
  state: State;
  revision: number;
  position: number;
  /**
   * By command id: what a repeat is answered with. Whoever folds further adds to the same map: copying it for each
   * command to a stream with many is work for nothing, and a command seen too early is as true as one seen in time.
   */
  commands: Map<string, { requestHash: string; answer: CommandAnswer }>;
}

export type AnyState = StateOf[Category];

const PAGE = 1000;
const PAGES_MAX = 1000;
/** Events whose folds are kept, over all streams: bounds memory, for a state is about as large as its events. */
const EVENTS_MAX = 200_000;

interface PagesOptions {
  afterRevision?: number;
  upToPosition?: number | undefined;
  limit?: number;
}

/** Folded streams of this process. What is kept is brought up to date on each load, so it is never stale, only quick. */
export class Streams {
  readonly #kept = new LRUCache<string, FoldedStream>({ maxSize: EVENTS_MAX, sizeCalculation: ({ revision }) => revision });

  constructor(private readonly store: EventStore) {}

  /** The stream as it stands now. @throws Problem EVENT.TYPE_UNKNOWN (503) when newer software wrote to it, EVENT.MISFIT (503) */
  async load<C extends Category>(stream: `${C}-${string}`): Promise<FoldedStream<StateOf[C]>> {
    const kept = this.#kept.get(stream) ?? emptyStream(stream);
    const folded = await this.#fold(stream, kept);
    // Of two loads at once the one that saw more wins.
    if (folded.revision > (this.#kept.peek(stream)?.revision ?? 0)) this.#kept.set(stream, folded);
    return folded as FoldedStream<StateOf[C]>;
  }

  /** The stream as it stood at a position of the log; at revision 0 where it was not there yet. */
  async asOf<C extends Category>(stream: `${C}-${string}`, position: number): Promise<FoldedStream<StateOf[C]>> {
    return (await this.#fold(stream, emptyStream(stream), position)) as FoldedStream<StateOf[C]>;
  }

  /** Appends where the stream is still at the revision that was decided on. */
  append(stream: string, revision: number, events: readonly NewEvent[]): Promise<AppendResult> {
    return this.store.append(stream, revision, events);
  }

  /** The stream's events above a revision as they were recorded, oldest first, in pages of `limit` at most. */
  async *pages(stream: string, { afterRevision = 0, upToPosition, limit = PAGE }: PagesOptions = {}): AsyncGenerator<RecordedEvent[]> {
    let after = afterRevision;
    for (let page = 0; page < PAGES_MAX; page++) {
      const events = await this.store.readStream(stream, { afterRevision: after, upToPosition, limit });
      if (events.length > 0) yield events;
      if (events.length < limit) return;
      after = events.at(-1)!.revision;
    }
    throw new Error(`${stream} has more than ${limit * PAGES_MAX} events`);
  }

  async #fold(stream: string, from: FoldedStream, upToPosition?: number): Promise<FoldedStream> {
    let folded = from;
    for await (const events of this.pages(stream, { afterRevision: from.revision, upToPosition })) folded = foldOnto(folded, stream, events);
    return folded;
  }
}

/** What the command is answered with whose one event was just appended: as if it were read again, without reading it. */
export function answerToAppended(stream: string, { state }: FoldedStream, event: NewEvent, { revision, position }: { revision: number; position: number }): CommandAnswer {
  const { evolve, subject } = typeOf(stream);
  // When it was recorded is in no answer.
  const recorded = { ...event, stream, revision, position, recordedAt: new Date().toISOString() };
  const { id, status } = subject(evolve(state, recorded), recorded);
  return { id, revision, position, status };
}

function foldOnto(folded: FoldedStream, stream: string, events: readonly RecordedEvent[]): FoldedStream {
  const { evolve, subject } = typeOf(stream);
  const { commands } = folded;
  let { state } = folded;
  try {
    for (const event of events) {
      requireKnown(event);
      requireFitting(event);
      state = evolve(state, event);
      const { commandId, requestHash } = event.metadata;
      const { id, status } = subject(state, event);
      commands.set(commandId, { requestHash, answer: { id, revision: event.revision, position: event.position, status } });
    }
  } catch (error) {
    if (error instanceof UnknownEventError)
      throw new Problem(503, 'EVENT.TYPE_UNKNOWN', 'newer software wrote to this record; this server is being replaced', { headers: { 'retry-after': '10' }, cause: error });
    if (error instanceof MisfitEventError) throw new Problem(503, 'EVENT.MISFIT', 'this record holds an event that can not be read', { headers: { 'retry-after': '60' }, cause: error });
    throw error;
  }
  const last = events.at(-1)!;
  return { state, revision: last.revision, position: last.position, commands };
}

function emptyStream(stream: string): FoldedStream {
  return { state: typeOf(stream).initial, revision: 0, position: 0, commands: new Map() };
}

/** The category in the stream's name decides which states and events these are; the compiler can't see that. */
function typeOf(stream: string): StreamType<AnyState, RecordedEvent> {
  return streams[categoryOf(stream) as Category] as StreamType<AnyState, RecordedEvent>;
}
