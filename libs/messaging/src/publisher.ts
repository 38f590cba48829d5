import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { restrictedTypes, topics, UnmappableEventError } from '#contracts/published.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { PublisherRefusal } from './checkpoint.ts';
import { type Kafka, KafkaUnavailableError, type Log, ProducerLostError, RecordsRefusedError } from './kafka.ts';
import { Leader } from './leader.ts';
import { PublisherSession } from './postgres/publisher-session.ts';
import { type Page, PageMapper } from './requests.ts';
import { type Resumed, resume } from './resume.ts';

export interface PublisherOptions {
  store: EventStore;
  /** Holds the checkpoint and the lock; `migratePublisher` was called for it. */
  databaseUrl: string;
  /** A new client with a producer of its own. */
  openKafka(): Kafka;
  log: Log;
}

export interface PublisherStatus {
  phase: 'starting' | 'standby' | 'resuming' | 'publishing' | 'refusing' | 'ended';
  /** What keeps it from going on, in a sentence. */
  trouble?: string;
  /** The event that it can't publish and stands before, where that is the trouble. */
  refused?: UnmappableEventError;
  /** Every public event up to here is in Kafka. Known to the leader alone. */
  position: number;
  /** Acknowledged since this process began. */
  sends: number;
  records: number;
}

/** Events taken from the log at once, and sent at once. Pages of 128 take some 10 MB more for the same processor time (measured). */
export const EVENTS_MAX = 64;
const PAGES_AHEAD = 2;
/** How often the leader looks whether its topics are all there. */
const TOPICS_MS = 5_000;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;

/**
 * Follows the log and publishes its public events, one send in flight, as the only one who does so.
 * What may come twice after a kill or a pause is what was in flight; subscribers drop it.
 */
export class Publisher {
  private current: PublisherStatus = { phase: 'starting', position: 0, sends: 0, records: 0 };

  constructor(private readonly options: PublisherOptions) {}

  status(): Readonly<PublisherStatus> {
    return this.current;
  }

  /**
   * Publishes until the signal aborts, then finishes the events at hand unless Kafka does not answer.
   * @throws PublisherRefusal when a person must look first: an event that can't be mapped, topics of another log
   * @throws LeadershipLostError when another process may lead by now
   * @throws Error for what a restart may heal: the database away, records lost under our feet
   */
  async run(signal: AbortSignal): Promise<void> {
    const session = await PublisherSession.open(this.options.databaseUrl);
    try {
      this.enter('standby');
      if (!(await session.lead(signal))) return;
      this.options.log.log('leads');
      await this.publishAsLeader(session, AbortSignal.any([signal, session.lost]));
      session.assertLeads();
    } catch (error) {
      if (error instanceof PublisherRefusal) {
        this.enter('refusing', error.message);
        if (error.cause instanceof UnmappableEventError) this.current.refused = error.cause;
      }
      throw error;
    } finally {
      if (this.current.phase !== 'refusing') this.enter('ended');
      await session.close();
    }
  }

  private async publishAsLeader(session: PublisherSession, signal: AbortSignal): Promise<void> {
    const kafka = this.options.openKafka();
    try {
      this.enter('resuming');
      const resumed = await this.untilKafkaAnswers(signal, () => resume(kafka, session, this.options.store, this.options.log));
      if (!resumed) return;
      await session.saveLazily();
      this.current.position = resumed.position;
      this.enter('publishing');
      this.options.log.log(`publishes from position ${resumed.position}`);
      await together(signal, [(stop) => this.follow(resumed, new Leader(kafka, session, resumed), stop), (stop) => watchTopics(kafka, stop)]);
    } finally {
      await kafka.close();
    }
  }

  private async follow(resumed: Resumed, leader: Leader, signal: AbortSignal): Promise<void> {
    const reading = new AbortController();
    const pages = ahead(this.pagesAfter(resumed, AbortSignal.any([signal, reading.signal])), reading);
    try {
      // Behind a page that is not complete none may follow, though it is at hand already.
      for await (const page of pages) if (!(await this.publish(page, leader, signal))) break;
    } finally {
      await leader.saved();
    }
  }

  private async *pagesAfter(resumed: Resumed, signal: AbortSignal): AsyncGenerator<Page, void, void> {
    const mapper = new PageMapper(resumed);
    for await (const events of this.options.store.subscribeText(resumed.position, signal, EVENTS_MAX, restrictedTypes)) yield mapper.page(events);
  }

  /**
   * Sends what is public of the events, in order within each partition, then moves the checkpoint behind them.
   * @returns false when the signal aborted before all was acknowledged
   */
  private async publish({ requests, mappedTo, unmappable }: Page, leader: Leader, signal: AbortSignal): Promise<boolean> {
    for (const request of requests) {
      const acknowledged = await this.untilKafkaAnswers(signal, () => leader.send(request));
      if (!acknowledged) return false;
      this.current.sends += 1;
      this.current.records += request.reduce((sum, { records }) => sum + records.length, 0);
    }
    leader.moveTo(mappedTo);
    this.current.position = mappedTo;
    if (unmappable) throw unmappable;
    return true;
  }

  /**
   * Tries again for as long as the error is unclear, on the same producer: only to it is a repeat no second record.
   * @returns undefined when the signal aborted
   */
  private async untilKafkaAnswers<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
    for (let waitMs = RETRY_MS_MIN; ; waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)) {
      try {
        const result = await work();
        if (this.current.trouble) this.options.log.log('Kafka answers again');
        this.current.trouble = undefined;
        return result;
      } catch (error) {
        if (error instanceof RecordsRefusedError) throw new PublisherRefusal(`Kafka refuses records: ${error.message}`, { cause: error });
        if (!(error instanceof KafkaUnavailableError)) throw error;
        if (!this.current.trouble) this.options.log.warn(`Kafka does not answer: ${error.message}; trying on`);
        this.current.trouble = `Kafka does not answer: ${error.message}`;
      }
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return undefined;
    }
  }

  private enter(phase: PublisherStatus['phase'], trouble?: string): void {
    this.current = { ...this.current, phase, trouble };
  }
}

/**
 * A producer is not told that a topic was deleted: it would try to send for ever, or never notice where nothing is to be
 * sent. Whoever begins again makes the topic anew and fills it.
 * @throws ProducerLostError
 */
async function watchTopics(kafka: Kafka, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(TOPICS_MS, undefined, { signal }).catch(() => undefined);
    // A broker that is away is met, and told, by the next send.
    const existing = await Promise.race([kafka.describeTopics(topics).catch(() => undefined), aborted(signal)]);
    const gone = existing && topics.filter((topic) => !existing.has(topic));
    if (gone?.length) throw new ProducerLostError(`deleted by somebody: ${gone.join(', ')}`);
  }
}

/** An answer that nobody waits for any more may take as long as it likes. */
async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, 'abort');
  return undefined;
}

/** Does all of it at the same time; what ends, ends the rest. @throws what one of them failed of */
async function together(signal: AbortSignal, work: readonly ((stop: AbortSignal) => Promise<void>)[]): Promise<void> {
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, ended.signal]);
  const running = work.map((one) => one(stop).finally(() => ended.abort()));
  await Promise.allSettled(running);
  await Promise.all(running);
}

/**
 * What a source gives, with the next already being made while one is worked on: two of them, since one is read while
 * the other is at hand. `reading` aborts what is being made.
 */
async function* ahead<T>(source: AsyncIterator<T, void, void>, reading: AbortController): AsyncGenerator<T, void, void> {
  const coming: Promise<IteratorResult<T, void>>[] = [];
  const ask = (): void => {
    const next = source.next();
    // Met when it is taken; until then nobody may be waiting.
    next.catch(() => undefined);
    coming.push(next);
  };
  try {
    while (coming.length < PAGES_AHEAD) ask();
    for (let next = await coming.shift()!; !next.done; next = await coming.shift()!) {
      ask();
      yield next.value;
    }
  } finally {
    reading.abort();
    await Promise.allSettled(coming);
  }
}
