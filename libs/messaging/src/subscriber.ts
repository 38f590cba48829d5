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
  /** By partition of which records are dropped one after the other: what was saved at the first of them, and how far they go. */
  private readonly dropping = new Map<string, { saved: PartitionProgress; nextOffset: number }>();

  constructor(private readonly options: SubscriberOptions<T>) {}

  /**
   * Give it every record of a partition, one after the other.
   * @returns dropped: seen before; sought: records are missing before this one, and the client was told to get them
   * @throws Error for a record that is no CloudEvent of the ledger, and for records that the topic has lost
   */
  async receive(record: ReceivedRecord): Promise<'handled' | 'dropped' | 'sought'> {
    if (this.isDroppedAsWell(record)) return 'dropped';
    const key = keyOf(record);
    const { result, progress } = await this.options.inTransaction(async (transaction) => {
      const before = this.passed(key, await transaction.progress(record.topic, record.partition));
      if (record.offset > before.nextOffset) return { result: 'sought' as const, progress: before };
      return this.take(record, before, transaction);
    });
    if (result === 'sought') this.goBack(record, progress.nextOffset);
    else this.sought.delete(key);
    if (result === 'dropped') this.dropping.set(key, { saved: progress, nextOffset: progress.nextOffset });
    else this.dropping.delete(key);
    return result;
  }

  private async take(record: ReceivedRecord, before: PartitionProgress, transaction: T): Promise<{ result: 'handled' | 'dropped'; progress: PartitionProgress }> {
    const { topic, partition, offset } = record;
    const event = eventOf(record);
    const sequence = Number(event.sequence);
    const result = sequence <= before.sequence ? 'dropped' : 'handled';
    const progress = result === 'dropped' ? { ...before, nextOffset: offset + 1 } : { nextOffset: offset + 1, sequence, count: before.count + 1 };
    if (result === 'handled') await this.options.handle(event, transaction);
    await transaction.save(topic, partition, progress);
    return { result, progress };
  }

  /**
   * The next of a run of dropped records needs no transaction: a topic that was made anew is read from its beginning, and
   * may hold millions that were seen. Whoever is killed within the run begins it again.
   */
  private isDroppedAsWell(record: ReceivedRecord): boolean {
    const run = this.dropping.get(keyOf(record));
    if (record.offset !== run?.nextOffset || Number(eventOf(record).sequence) > run.saved.sequence) return false;
    run.nextOffset += 1;
    return true;
  }

  /** Behind the run of dropped records, unless somebody changed what is saved meanwhile: an emptied database lacks them all. */
  private passed(key: string, saved: PartitionProgress): PartitionProgress {
    const run = this.dropping.get(key);
    const isSame = run?.saved.nextOffset === saved.nextOffset && run.saved.sequence === saved.sequence;
    return isSame ? { ...saved, nextOffset: run.nextOffset } : saved;
  }

  private goBack({ topic, partition, offset }: ReceivedRecord, nextOffset: number): void {
    const key = keyOf({ topic, partition });
    if (this.sought.get(key) === nextOffset)
      throw new Error(`records ${nextOffset} to ${offset - 1} of topic ${topic}, partition ${partition}, are gone`);
    this.sought.set(key, nextOffset);
    this.options.seek(topic, partition, nextOffset);
  }
}

function keyOf({ topic, partition }: Pick<ReceivedRecord, 'topic' | 'partition'>): string {
  return `${topic} ${partition}`;
}

function eventOf({ topic, partition, offset, value }: ReceivedRecord): CloudEvent {
  try {
    return CloudEvent.parse(JSON.parse(value));
  } catch (cause) {
    throw new Error(`record ${offset} of topic ${topic}, partition ${partition}, is no event of the ledger`, { cause });
  }
}
