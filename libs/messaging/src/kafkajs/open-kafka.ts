import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
// A CommonJS module of which Node finds only some names, hence its default export.
import kafkajs, { type Admin, type Consumer, type logCreator, type PartitionMetadata, type Producer } from 'kafkajs';
import {
  type Kafka, KafkaUnavailableError, type Log, type PartitionBatch, type PartitionOffsets, type PartitionRange, ProducerLostError,
  RecordsRefusedError, type StoredRecord, type TopicDescription,
} from '../kafka.ts';

const CLIENT_ID = 'action-line-publisher';
const REQUEST_MS_MAX = 10_000;
/** Longest wait for the next record while reading what is known to be there. */
const READ_IDLE_MS_MAX = 60_000;
const HEADERS = { 'content-type': 'application/cloudevents+json; charset=UTF-8' };

/** Never retried: the record or its topic would have to change first. */
const REFUSED = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'CORRUPT_MESSAGE', 'UNSUPPORTED_FOR_MESSAGE_FORMAT']);
const LOST = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER', 'DUPLICATE_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID', 'INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING',
]);
const COORDINATOR_STARTS = new Set(['GROUP_LOAD_IN_PROGRESS', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP']);
const COORDINATOR_ATTEMPTS_MAX = 10;
const COORDINATOR_WAIT_MS = 200;

/** Connects when first used; a broker that is away shows as KafkaUnavailableError of each call. */
export function openKafka(brokers: readonly string[], log: Log): Kafka {
  const client = new kafkajs.Kafka({
    clientId: CLIENT_ID,
    brokers: [...brokers],
    connectionTimeout: 3_000,
    requestTimeout: REQUEST_MS_MAX,
    // Few and quick: the publisher repeats calls itself, where it can be stopped.
    retry: { retries: 1, initialRetryTime: 100 },
    logLevel: kafkajs.logLevel.ERROR,
    logCreator: toLog(log),
  });
  return new KafkajsKafka(client);
}

class KafkajsKafka implements Kafka {
  private producer: Producer | undefined;
  private reader: Consumer | undefined;
  private inFlight: Promise<unknown> | undefined;
  /** What is in flight holds several batches. */
  private together = false;
  /** Id of each partition's leader, by topic, as the last attempt saw it. */
  private readonly leaders = new Map<string, Map<number, number>>();
  private closing = false;

  constructor(private readonly client: kafkajs.Kafka) {}

  async createTopic(topic: string, partitions: number): Promise<void> {
    await this.administer((admin) =>
      admin.createTopics({
        waitForLeaders: true,
        topics: [{
          topic,
          numPartitions: partitions,
          replicationFactor: -1,
          configEntries: [{ name: 'cleanup.policy', value: 'delete' }, { name: 'retention.ms', value: '-1' }, { name: 'retention.bytes', value: '-1' }],
        }],
      }));
  }

  describeTopics(names: readonly string[]): Promise<Map<string, TopicDescription>> {
    return this.administer(async (admin) => {
      const existing = new Set(await admin.listTopics());
      const wanted = names.filter((name) => existing.has(name));
      if (wanted.length === 0) return new Map();
      const { topics } = await admin.fetchTopicMetadata({ topics: wanted });
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: wanted.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
      });
      return new Map(topics.map(({ name, partitions }) => {
        const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
        return [name, { partitions: partitions.length, settings: Object.fromEntries(entries.map((entry) => [entry.configName, entry.configValue])) }];
      }));
    });
  }

  offsets(topic: string): Promise<PartitionOffsets[]> {
    return this.administer(async (admin) =>
      (await admin.fetchTopicOffsets(topic))
        .map(({ partition, low, high }) => ({ partition, first: Number(low), next: Number(high) }))
        .sort((a, b) => a.partition - b.partition));
  }

  async read(ranges: readonly PartitionRange[], onRecord: (record: StoredRecord) => void): Promise<void> {
    if (ranges.length === 0) return;
    let handedOver = 0;
    const count = (record: StoredRecord): void => {
      handedOver += 1;
      onRecord(record);
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.readOnce(ranges, count);
      } catch (error) {
        // A broker that has just started can't tell about groups yet, at which the library gives up.
        const starts = COORDINATOR_STARTS.has(protocolError(error) ?? '');
        if (!starts || handedOver > 0 || attempt === COORDINATOR_ATTEMPTS_MAX) throw error;
        await delay(COORDINATOR_WAIT_MS);
      }
    }
  }

  async send<Batch extends PartitionBatch>(batches: readonly Batch[], onStored: (batch: Batch, offset: number) => void): Promise<void> {
    for (const together of this.byLeader(batches)) {
      const offsets = await this.sendAtOnce(together);
      together.forEach((batch, n) => onStored(batch, offsets[n]!));
    }
  }

  async close(): Promise<void> {
    this.closing = true;
    await Promise.all([this.producer?.disconnect(), this.reader?.disconnect()]);
    if (!this.inFlight) return;
    // What was in flight reconnects once before it gives up.
    await this.inFlight.catch(() => undefined);
    await this.producer?.disconnect();
  }

  /** Batches that may share a request; one of which the leader is not known yet goes alone, and is known then. */
  private byLeader<Batch extends PartitionBatch>(batches: readonly Batch[]): Batch[][] {
    const groups = Map.groupBy(batches, (batch) => this.leaders.get(batch.topic)?.get(batch.partition) ?? batch);
    return [...groups.values()];
  }

  /** @returns offset of each batch's first record */
  private async sendAtOnce(batches: readonly PartitionBatch[]): Promise<number[]> {
    try {
      const producer = await this.connectedProducer();
      const topicMessages = batches.map(({ topic, partition, records }) =>
        ({ topic, messages: records.map(({ key, value }) => ({ key, value, partition, headers: HEADERS })) }));
      this.together = batches.length > 1;
      this.inFlight = producer.sendBatch({ acks: -1, topicMessages });
      const answers = (await this.inFlight) as Awaited<ReturnType<Producer['sendBatch']>>;
      return batches.map(({ topic, partition }) =>
        Number(answers.find((answer) => answer.topicName === topic && answer.partition === partition)!.baseOffset));
    } catch (error) {
      throw translated(error);
    } finally {
      this.inFlight = undefined;
    }
  }

  /**
   * The library sends to each leader on its own, and where one of them fails sends everything again with new sequence
   * numbers, which would double what the other had stored. So what goes together must have one leader at each attempt.
   * @throws KafkaUnavailableError where a leader has moved; the next call knows it
   */
  private checkLeaders(topic: string, partition: number, metadata: readonly PartitionMetadata[]): void {
    const leader = metadata.find(({ partitionId }) => partitionId === partition)?.leader;
    const known = this.leaders.get(topic)?.get(partition);
    if (leader === known) return;
    this.leaders.set(topic, new Map(metadata.map((one) => [one.partitionId, one.leader])));
    if (this.together) throw new KafkaUnavailableError(`partition ${partition} of topic ${topic} has got another leader`);
  }

  private async readOnce(ranges: readonly PartitionRange[], onRecord: (record: StoredRecord) => void): Promise<void> {
    // The library reads through consumer groups alone: a group of our own, gone when we are done.
    const groupId = `${CLIENT_ID}-reading-${randomUUID()}`;
    const consumer = this.client.consumer({
      groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 250,
      retry: { retries: 5, initialRetryTime: 100, restartOnFailure: () => Promise.resolve(false) },
    });
    this.reader = consumer;
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...new Set(ranges.map(({ topic }) => topic))], fromBeginning: false });
      await consumeRanges(consumer, ranges, onRecord, () => this.closing);
    } catch (error) {
      throw translated(error);
    } finally {
      this.reader = undefined;
      // It may be the very connection that failed; the reason is told above.
      await consumer.disconnect().catch(() => undefined);
    }
    await this.administer((admin) => admin.deleteGroups([groupId]));
  }

  /** One for the lifetime of this object: what the broker remembers of it is what makes a repeat safe. */
  private async connectedProducer(): Promise<Producer> {
    this.producer ??= this.client.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: { retries: 1, initialRetryTime: 100 },
      createPartitioner: () => ({ topic, message, partitionMetadata }) => {
        // Called before each attempt, for each record: the one place where attempts can be ended.
        if (this.closing) throw new KafkaUnavailableError('closed while sending');
        this.checkLeaders(topic, message.partition!, partitionMetadata);
        return message.partition!;
      },
    });
    await this.producer.connect();
    return this.producer;
  }

  private async administer<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    // One for each call: it asks on and on for every topic it ever heard of, and fails when one of them is deleted.
    // Retried because a new topic takes a moment until every answer knows it.
    const admin = this.client.admin({ retry: { retries: 5, initialRetryTime: 100 } });
    try {
      await admin.connect();
      return await work(admin);
    } catch (error) {
      throw translated(error);
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }
}

async function consumeRanges(
  consumer: Consumer, ranges: readonly PartitionRange[], onRecord: (record: StoredRecord) => void, closing: () => boolean,
): Promise<void> {
  const left = new Map(ranges.map((range) => [`${range.topic} ${range.partition}`, { ...range }]));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const idle = setTimeout(() => reject(new KafkaUnavailableError(`no record for ${READ_IDLE_MS_MAX} ms while reading`)), READ_IDLE_MS_MAX);
  consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
  consumer.on('consumer.disconnect', () => {
    // A crash disconnects too, before it tells why.
    if (closing()) reject(new KafkaUnavailableError('closed while reading'));
  });
  // Looked at only once the consumer runs.
  promise.catch(() => undefined);
  try {
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch: { topic, partition, messages } }) => {
        const range = left.get(`${topic} ${partition}`);
        for (const { offset, key, value } of messages) {
          if (!range || Number(offset) !== range.from || range.from >= range.to) continue;
          onRecord({ topic, partition, offset: range.from, key: String(key), value: String(value) });
          range.from += 1;
          idle.refresh();
        }
        if (range && range.from >= range.to) left.delete(`${topic} ${partition}`);
        if (left.size === 0) resolve();
        return Promise.resolve();
      },
    });
    // One that could not join its group has crashed by now.
    await Promise.race([promise, Promise.resolve()]);
    for (const { topic, partition, from } of ranges) consumer.seek({ topic, partition, offset: String(from) });
    await promise;
  } finally {
    clearTimeout(idle);
  }
}

function translated(error: unknown): Error {
  if (error instanceof KafkaUnavailableError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const type = protocolError(error);
  if (type !== undefined && REFUSED.has(type)) return new RecordsRefusedError(`${type}: ${message}`, { cause: error });
  if (type !== undefined && LOST.has(type)) return new ProducerLostError(`${type}: ${message}`, { cause: error });
  return new KafkaUnavailableError(message, { cause: error });
}

/** Kafka's name of the error, however deeply the library wrapped it. */
function protocolError(error: unknown): string | undefined {
  for (let depth = 0, at = error; depth < 10 && at instanceof Error; depth += 1, at = at.cause)
    if ('type' in at && typeof at.type === 'string') return at.type;
  return undefined;
}

/** The library tells as errors what is merely tried again; whoever called hears of it by an exception. */
function toLog(log: Log): logCreator {
  return () => ({ namespace, log: { message, error } }) => log.warn(`${namespace}: ${message}${error ? `: ${String(error)}` : ''}`);
}
