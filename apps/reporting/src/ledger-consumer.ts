import { Injectable, Inject, Logger, type OnModuleDestroy } from '@nestjs/common';
import { KafkaRetriableException } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { topics } from '#contracts/published.ts';
import { openKafka } from '#messaging/kafkajs/open-kafka.ts';
import { type ReceivedRecord, Subscriber } from '#messaging/subscriber.ts';
import { untilTopicsExist } from '#messaging/topics.ts';
import { type CheckResult, HealthChecks } from '#platform/health.module.ts';
import { ReportTransaction } from './report-transaction.ts';
import { type ReportingSettings, SETTINGS } from './settings.ts';
import { PartitionRow, tables } from './tables.ts';

const GROUP = 'group';

/** The part of Nest's Kafka client that is used here. */
interface Client {
  seek(to: { topic: string; partition: number; offset: string }): void;
  on(event: string, listener: (event: { payload: { restart?: boolean; error?: Error } }) => void): void;
}

/**
 * Follows the topics. Where to go on stands in our tables, in one transaction with what was made of the records, and
 * never in the consumer group: so the tables can be emptied, restored or lost at any time, and fill again from Kafka.
 */
@Injectable()
export class LedgerConsumer implements OnModuleDestroy {
  private readonly logger = new Logger('LedgerConsumer');
  private readonly stop = new AbortController();
  private readonly end = Promise.withResolvers<void>();
  private readonly subscriber: Subscriber<ReportTransaction>;
  /** While it is in the consumer group, and only then can it be told where to go on. */
  private client: Client | undefined;
  private partitions = new Map<string, number>();
  /** What keeps it from going on, by partition. */
  private readonly troubles = new Map<string, string>([[GROUP, 'waits for the topics']]);
  private starting: Promise<void> | undefined;

  /** Settles when it follows no more: rejected where a restart may help. */
  readonly ended = this.end.promise;

  constructor(
    private readonly database: DataSource,
    @Inject(SETTINGS) private readonly settings: ReportingSettings,
    health: HealthChecks,
  ) {
    this.subscriber = new Subscriber({
      inTransaction: (work) => database.transaction((manager) => work(new ReportTransaction(manager))),
      handle: (event, transaction) => transaction.handle(event),
      seek: (topic, partition, offset) => this.client?.seek({ topic, partition, offset: String(offset) }),
    });
    health.add('topics', async (): Promise<CheckResult> => {
      const [trouble] = this.troubles.values();
      return { ok: trouble === undefined, detail: trouble ?? 'followed' };
    });
    // While nothing comes, no record tells that it is away.
    health.add('database', async (): Promise<CheckResult> => {
      await database.query('select 1');
      return { ok: true, detail: 'answers' };
    });
    // Whoever cares awaits `ended` itself.
    this.ended.catch(() => undefined);
  }

  /** Starts the transport as soon as the publisher has made the topics. */
  follow(start: () => Promise<unknown>): void {
    this.starting = this.startWhenThere(start);
    this.starting.catch((error: unknown) => this.end.reject(error));
  }

  /** Goes on where the tables stand as often as the client joins the group, before its first attempt and after every trouble. */
  use(client: Client): void {
    client.on('consumer.group_join', () => {
      this.client = client;
      this.goOn().then(() => this.client && this.troubles.delete(GROUP), (error: unknown) => this.end.reject(error));
    });
    client.on('consumer.crash', ({ payload: { restart, error } }) => {
      if (!restart) this.end.reject(error ?? new Error('the consumer crashed'));
    });
    client.on('consumer.stop', () => {
      this.client = undefined;
      this.troubles.set(GROUP, 'waits for Kafka');
    });
  }

  /**
   * Takes one record; throws where it must be delivered again.
   * What is not in its tables yet is told to the client, so nothing is ever stepped over.
   */
  async receive(record: ReceivedRecord): Promise<void> {
    const place = `${record.topic}, partition ${record.partition}`;
    try {
      const result = await this.subscriber.receive(record);
      if (result === 'sought') this.logger.warn(`reads again what its tables lack of ${place}`);
      this.troubles.delete(place);
    } catch (error) {
      const trouble = `can't take record ${record.offset} of ${place}`;
      this.troubles.set(place, trouble);
      this.logger.error(`${trouble}: ${error instanceof Error ? error.stack : String(error)}`);
      throw new KafkaRetriableException(trouble);
    }
  }

  /**
   * Empties the tables and fills them again from the topics' first records. Safe at any moment: a record that comes
   * in between finds its predecessors missing and sends the client back. Where several processes share the work, the
   * others do so at their next record or start.
   */
  async rebuild(): Promise<void> {
    const names = tables.map((table) => this.database.getMetadata(table).tablePath).join(', ');
    await this.database.query(`truncate ${names}`);
    await this.goOn();
  }

  async onModuleDestroy(): Promise<void> {
    this.stop.abort();
    await this.starting?.catch(() => undefined);
    this.end.resolve();
  }

  private async startWhenThere(start: () => Promise<unknown>): Promise<void> {
    const kafka = openKafka(this.settings.KAFKA_BROKERS, this.logger);
    const partitions = await untilTopicsExist(kafka, this.stop.signal).finally(() => kafka.close());
    if (!partitions) return;
    this.partitions = partitions;
    await start();
  }

  /** Tells the client to go on where the tables stand, whatever the group's offsets say; without a client, joining will. */
  private async goOn(): Promise<void> {
    const rows = await this.database.getRepository(PartitionRow).find();
    const nextOffsets = new Map(rows.map((row) => [`${row.topic} ${row.partition}`, row.nextOffset]));
    for (const topic of topics)
      for (let partition = 0; partition < (this.partitions.get(topic) ?? 0); partition += 1)
        this.client?.seek({ topic, partition, offset: String(nextOffsets.get(`${topic} ${partition}`) ?? 0) });
  }
}
