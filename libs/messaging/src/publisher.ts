import { setTimeout as delay } from 'node:timers/promises';
import { published, topicOf, UnmappableEventError } from '#contracts/published.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { categoryOf, type EventStore } from '#event-store/event-store.ts';
import { type PartitionCheckpoint, PublisherRefusal } from './checkpoint.ts';
import { type Kafka, KafkaUnavailableError, type Log, type OutgoingRecord, ProducerLostError, RecordsRefusedError } from './kafka.ts';
import { partitionOf } from './partitions.ts';
import { PublisherSession } from './postgres/publisher-session.ts';
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
  /** Every public event up to here is in Kafka. Known to the leader alone. */
  position: number;
  /** Acknowledged since this process began. */
  sends: number;
  records: number;
}

/** Events taken from the log at once; their records are sent partition by partition, then the checkpoint moves. */
const EVENTS_MAX = 256;
/** Of one send. A broker refuses a batch above 1 MiB; one event is at most a quarter of that. */
const SEND_BYTES_MAX = 900_000;
/** What a record takes beside key and value: headers, lengths. */
const RECORD_OVERHEAD_BYTES = 120;
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
      if (error instanceof PublisherRefusal) this.enter('refusing', error.message);
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
      const leader = new Leader(kafka, session, resumed);
      this.current.position = resumed.position;
      this.enter('publishing');
      this.options.log.log(`publishes from position ${resumed.position}`);
      for await (const events of this.options.store.subscribe(resumed.position, signal, EVENTS_MAX)) {
        await this.publish(events, leader, signal);
      }
    } finally {
      await kafka.close();
    }
  }

  /** Sends what is public of the events, in order within each partition, then moves the checkpoint behind them. */
  private async publish(events: readonly RecordedEvent[], leader: Leader, signal: AbortSignal): Promise<void> {
    const { sends, mappedTo, unmappable } = sendsFor(events, leader);
    for (const send of sends) {
      const acknowledged = await this.untilKafkaAnswers(signal, () => leader.send(send));
      if (!acknowledged) break;
      this.current.sends += 1;
      this.current.records += send.records.length;
    }
    const complete = sends.every((send) => leader.holds(send));
    await leader.save(complete ? mappedTo : this.current.position);
    if (complete) this.current.position = mappedTo;
    if (unmappable) throw unmappable;
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

/** Records for one partition, small enough for one request. */
interface Send {
  topic: string;
  partition: number;
  records: OutgoingRecord[];
  bytes: number;
  /** Position of the last record's event. */
  position: number;
}

/** What a leader knows of the partitions: where each ends, and what of that the checkpoint does not say yet. */
class Leader {
  private readonly tails: Map<string, PartitionCheckpoint>;
  private readonly unsaved = new Set<string>();

  constructor(
    private readonly kafka: Kafka,
    private readonly session: PublisherSession,
    private readonly resumed: Resumed,
  ) {
    this.tails = new Map(resumed.tails.map((tail) => [`${tail.topic} ${tail.partition}`, tail]));
  }

  partitionFor(topic: string, key: string): number {
    const partitions = this.resumed.partitions.get(topic);
    if (partitions === undefined) throw new Error(`no such topic: ${topic}`);
    return partitionOf(key, partitions);
  }

  /** Position of the last event that the partition holds. */
  tailPosition(topic: string, partition: number): number {
    return this.tails.get(`${topic} ${partition}`)?.position ?? 0;
  }

  holds({ topic, partition, position }: Send): boolean {
    return this.tailPosition(topic, partition) >= position;
  }

  /** @throws ProducerLostError when the partition no longer ends where it did: its records are gone */
  async send({ topic, partition, records, position }: Send): Promise<true> {
    this.session.assertLeads();
    const key = `${topic} ${partition}`;
    const expected = (this.tails.get(key)?.offset ?? -1) + 1;
    const offset = await this.kafka.send(topic, partition, records);
    if (offset < expected)
      throw new ProducerLostError(`topic ${topic}, partition ${partition}, ended at offset ${offset} and not ${expected}: it has lost records`);
    this.tails.set(key, { topic, partition, offset: offset + records.length - 1, position });
    this.unsaved.add(key);
    return true;
  }

  async save(position: number): Promise<void> {
    await this.session.save(position, [...this.unsaved].map((key) => this.tails.get(key)!));
    this.unsaved.clear();
  }
}

interface Sends {
  sends: Send[];
  /** All events up to here are in the sends, are not public, or stand in their partition already. */
  mappedTo: number;
  unmappable?: PublisherRefusal;
}

function sendsFor(events: readonly RecordedEvent[], leader: Leader): Sends {
  const sends: Send[] = [];
  const open = new Map<string, Send>();
  let mappedTo = events[0]!.position - 1;
  for (const event of events) {
    try {
      add(event, leader, sends, open);
    } catch (error) {
      if (!(error instanceof UnmappableEventError)) throw error;
      return { sends, mappedTo, unmappable: new PublisherRefusal(error.message, { cause: error }) };
    }
    mappedTo = event.position;
  }
  return { sends, mappedTo };
}

function add(event: RecordedEvent, leader: Leader, sends: Send[], open: Map<string, Send>): void {
  const cloudEvent = published(event);
  if (!cloudEvent) return;
  const topic = topicOf(categoryOf(event.stream));
  const partition = leader.partitionFor(topic, event.stream);
  if (event.position <= leader.tailPosition(topic, partition)) return;
  const record = { key: event.stream, value: JSON.stringify(cloudEvent) };
  const bytes = Buffer.byteLength(record.key) + Buffer.byteLength(record.value) + RECORD_OVERHEAD_BYTES;

  const key = `${topic} ${partition}`;
  let send = open.get(key);
  if (!send || send.bytes + bytes > SEND_BYTES_MAX) {
    send = { topic, partition, records: [], bytes: 0, position: 0 };
    open.set(key, send);
    sends.push(send);
  }
  send.records.push(record);
  send.bytes += bytes;
  send.position = event.position;
}
