import { setTimeout as sleep } from 'node:timers/promises';
import { BACKWARDS, END, FORWARDS, START, streamNameFilter, type KurrentDBClient } from '@kurrent/kurrentdb-client';
import { EventStoreError } from '../event-store.ts';
import type { KurrentDbAddress } from './connection.ts';
import { DeadlineError, isPassing, nameOf, unavailable } from './kurrentdb-errors.ts';

type Reader = KurrentDBClient['rustClient'];
type Answers = ReturnType<Reader['readAll']>;
/** An event as the server has it: data and metadata are the bytes that were written. */
export type ServerEvent = NonNullable<(Answers extends AsyncIterable<(infer Resolved)[]> ? Resolved : never) extends { event?: infer E } ? E : never>;

/** Events of one stream from a revision of the server's (its first is 0), of 'end' backwards. */
export interface StreamRange {
  stream: string;
  from: number | typeof END;
  count: number;
  backwards?: boolean;
}

/** Events of the log's streams in $all, beginning with the event at `from`, which must be one. */
export interface LogRange {
  from: number | typeof START | typeof END;
  count: number;
  backwards?: boolean;
}

/**
 * Reads of the server, each bounded in events and in time. The client's reader is used below the client's own call,
 * which would parse all JSON; we want the text. A reader that lost its node never looks for another, so it is replaced.
 */
export class Reads {
  private underWay = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly always: { requiresLeader: boolean; resolvesLink: false; credentials?: KurrentDbAddress['credentials'] };

  private reader: Reader;

  constructor(
    private readonly connect: () => KurrentDBClient,
    private readonly streamPrefix: string,
    /** A read of another node than the leader may be behind it. */
    { credentials, requiresLeader }: Pick<KurrentDbAddress, 'credentials'> & { requiresLeader: boolean },
  ) {
    this.reader = connect().rustClient;
    this.always = { requiresLeader, resolvesLink: false, ...(credentials && { credentials }) };
  }

  /** None for a stream that does not exist, or was deleted softly. */
  stream({ stream, from, count, backwards = false }: StreamRange): Promise<ServerEvent[]> {
    return this.read((reader) => reader.readStream(stream, {
      fromRevision: from === END ? END : BigInt(from), direction: backwards ? BACKWARDS : FORWARDS, maxCount: BigInt(count), ...this.always,
    }));
  }

  log({ from, count, backwards = false }: LogRange): Promise<ServerEvent[]> {
    const fromPosition = typeof from === 'number' ? { commit: BigInt(from), prepare: BigInt(from) } : from;
    return this.read((reader) => reader.readAll({
      fromPosition, direction: backwards ? BACKWARDS : FORWARDS, maxCount: BigInt(count), ...this.always,
      filter: streamNameFilter({ prefixes: [this.streamPrefix] }),
    }));
  }

  /** @throws EventStoreError */
  private async read(call: (reader: Reader) => Answers): Promise<ServerEvent[]> {
    await this.turn();
    const giveUpAt = performance.now() + READ_MS;
    try {
      for (const ms of [...REREAD_PAUSES_MS, undefined]) {
        const { reader } = this;
        try {
          return await within(giveUpAt - performance.now(), collect(call(reader)));
        } catch (error) {
          if (nameOf(error) === 'StreamNotFoundError') return [];
          if (reader === this.reader && isPassing(error)) this.reader = this.connect().rustClient;
          if (ms === undefined || !isPassing(error) || performance.now() + ms > giveUpAt) throw unavailable(error);
          await sleep(ms);
        }
      }
      throw new Error('unreachable');
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.underWay -= 1;
    }
  }

  /** A server takes 100 calls of a connection at once; those beyond wait here, where they can be counted. */
  private async turn(): Promise<void> {
    if (this.underWay >= READS_MAX) {
      if (this.waiting.length >= READS_WAITING_MAX) throw new EventStoreError('EVENT_STORE.UNAVAILABLE', 'too many reads are waiting for the event log');
      // Whoever is done hands its place over.
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else this.underWay += 1;
  }
}

/** Of events of a page; a page of the largest then takes 64 MiB at most. */
export const READ_EVENTS_MAX = 256;
const READS_MAX = 64;
/** Reads that may wait: some for each of the commands that an API has at work at once. */
const READS_WAITING_MAX = 2_000;
/** A connection may have been lost a moment ago; reading again is harmless. */
const REREAD_PAUSES_MS = [50, 200, 500, 1_000];
/** Of a read with all its repeats. */
const READ_MS = 5_000;

async function collect(answers: Answers): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const batch of answers) for (const { event } of batch) if (event) events.push(event);
  return events;
}

/** @throws DeadlineError. What was asked goes on by itself; its answer is lost. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(ms)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
