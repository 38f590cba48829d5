import { CloudEvent } from '#contracts/published.ts';

/** A record as any Kafka client hands it over. */
export interface ReceivedRecord {
  topic: string;
  partition: number;
  offset: number;
  value: string;
}

/** Where a subscriber stands in one partition; all zero before the first record. */
export interface PartitionProgress {
  /** Offset of the next record. */
  nextOffset: number;
  /** Highest sequence seen, as a number. */
  sequence: number;
  /** Events handled. */
  count: number;
}

/** What a subscriber keeps, in one transaction with what it makes of an event. */
export interface SubscriberTransaction {
  /** Locks the partition's progress until the transaction ends, so that a second consumer of it waits. */
  progress(topic: string, partition: number): Promise<PartitionProgress>;
  save(topic: string, partition: number, progress: PartitionProgress): Promise<void>;
}

export interface SubscriberOptions<T extends SubscriberTransaction> {
  /** Runs the work in a transaction: commits what it returns from, rolls back what it throws from. */
  inTransaction<R>(work: (transaction: T) => Promise<R>): Promise<R>;
  /** What the subscriber makes of an event. */
  handle(event: CloudEvent, transaction: T): Promise<void>;
  /** Tells the Kafka client to go on at this offset. */
  seek(topic: string, partition: number, offset: number): void;
}

/**
 * The subscriber's side of the contract, for any Kafka client: hands over each event once and in the order of its
 * partition. Where to go on is kept with what was made of the events, not in Kafka's consumer group: so a subscriber
 * whose database is emptied or restored reads again what it lacks, and one killed at any moment misses nothing.
 */
export class Subscriber<T extends SubscriberTransaction> {
  /** Offsets at which the client was told to go on, until it does. */
  private readonly sought = new Map<string, number>();

  constructor(private readonly options: SubscriberOptions<T>) {}

  /**
   * Give it every record of a partition, one after the other.
   * @returns dropped: seen before; sought: records are missing before this one, and the client was told to get them
   * @throws Error for a record that is no CloudEvent of the ledger, and for records that the topic has lost
   */
  async receive(record: ReceivedRecord): Promise<'handled' | 'dropped' | 'sought'> {
    const { topic, partition, offset } = record;
    const missing = await this.options.inTransaction(async (transaction) => {
      const progress = await transaction.progress(topic, partition);
      if (offset > progress.nextOffset) return progress.nextOffset;
      return this.take(record, progress, transaction);
    });
    if (typeof missing !== 'number') {
      this.sought.delete(`${topic} ${partition}`);
      return missing;
    }
    this.goBack(record, missing);
    return 'sought';
  }

  private async take(record: ReceivedRecord, progress: PartitionProgress, transaction: T): Promise<'handled' | 'dropped'> {
    const { topic, partition, offset } = record;
    const event = eventOf(record);
    const nextOffset = offset + 1;
    if (Number(event.sequence) <= progress.sequence) {
      await transaction.save(topic, partition, { ...progress, nextOffset });
      return 'dropped';
    }
    await this.options.handle(event, transaction);
    await transaction.save(topic, partition, { nextOffset, sequence: Number(event.sequence), count: progress.count + 1 });
    return 'handled';
  }

  private goBack({ topic, partition, offset }: ReceivedRecord, nextOffset: number): void {
    const key = `${topic} ${partition}`;
    if (this.sought.get(key) === nextOffset)
      throw new Error(`records ${nextOffset} to ${offset - 1} of topic ${topic}, partition ${partition}, are gone`);
    this.sought.set(key, nextOffset);
    this.options.seek(topic, partition, nextOffset);
  }
}

function eventOf({ topic, partition, offset, value }: ReceivedRecord): CloudEvent {
  try {
    return CloudEvent.parse(JSON.parse(value));
  } catch (cause) {
    throw new Error(`record ${offset} of topic ${topic}, partition ${partition}, is no event of the ledger`, { cause });
  }
}
