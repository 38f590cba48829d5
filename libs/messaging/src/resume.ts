import { CloudEvent, topics } from '#contracts/published.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { LogRestored } from '#domain/log-restored.ts';
import { eventAtOrAbove } from '#event-store/event-at.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { faultPoint } from '#platform/fault-point.ts';
import { type Checkpoint, type PartitionCheckpoint, PublisherRefusal } from './checkpoint.ts';
import type { Kafka, Log, PartitionOffsets, PartitionRange, StoredRecord } from './kafka.ts';
import type { PublisherSession } from './postgres/publisher-session.ts';
import { ensureTopics } from './topics.ts';

export interface Resumed {
  /** Go on with the events above this position, leaving out of each partition what it holds already. */
  position: number;
  /** Number of partitions by topic. */
  partitions: Map<string, number>;
  /** What each partition holds; partitions without a record are left out. */
  tails: PartitionCheckpoint[];
}

/**
 * Finds out where to go on: the checkpoint says what was acknowledged, the topics say what is there.
 * - Equal: go on.
 * - Higher (killed between acknowledgement and checkpoint, or a checkpoint lost): go on behind what is there.
 * - Lower, or a new topic (Kafka lost records, or all of it was made anew): publish again from what is there.
 * A last record of a position that the log has since recorded as lost (LogRestored) stays: what comes is above it.
 * @throws PublisherRefusal when a topic is not what this publisher made, its last record is no event of this log, or
 *   the log has lost its end: new events would get positions that subscribers have seen
 * @throws KafkaUnavailableError
 */
export async function resume(kafka: Kafka, session: PublisherSession, store: EventStore, log: Log): Promise<Resumed> {
  const checkpoint = await session.load();
  const head = await store.head();
  if (head < checkpoint.position)
    throw new PublisherRefusal(`the log ends at position ${head} and was published up to ${checkpoint.position}: it has lost its end; see \`ledger log resume-above --help\``);
  const partitions = await ensureTopics(kafka, session, checkpoint.topics);
  const found = await readTails(kafka, checkpoint);
  const tailsRead = new Set(found.flatMap(({ last, highest }) => (last && highest ? [last, highest] : [])));
  await Promise.all([...tailsRead].map((tail) => assertOfThisLog(tail, store)));

  const tails = found.flatMap(({ tail }) => (tail ? [tail] : []));
  // A partition that lost records pulls the start back to the last that it has; a new topic to the beginning.
  const starts = found.filter(({ regressed }) => regressed).map(({ tail }) => tail?.position ?? 0);
  const newTopic = topics.some((topic) => !checkpoint.topics.has(topic));
  const position = Math.min(checkpoint.position, newTopic ? 0 : Infinity, ...starts);
  if (position < checkpoint.position)
    log.warn(`topics hold less than was acknowledged, or are new: publishing again from position ${position} what they lack`);
  const emptied = found.flatMap(({ topic, partition, regressed, tail }) =>
    regressed && !tail ? [{ topic, partition, offset: -1, position: 0 }] : []);
  await session.save(position, [...tails, ...emptied]);
  return { position, partitions, tails };
}

interface Found {
  topic: string;
  partition: number;
  /** It holds less than the checkpoint says. */
  regressed: boolean;
  /** Undefined for an empty partition. */
  tail?: PartitionCheckpoint;
  /** The last record, and that with the highest sequence: another one only where a paused process wrote late. */
  last?: Tail;
  highest?: Tail;
}

interface Tail {
  topic: string;
  partition: number;
  offset: number;
  position: number;
  eventId: string;
}

async function readTails(kafka: Kafka, checkpoint: Checkpoint): Promise<Found[]> {
  const known = new Map(checkpoint.partitions.map((one) => [`${one.topic} ${one.partition}`, one]));
  const found = new Map<string, Found>();
  const ranges: PartitionRange[] = [];
  for (const topic of topics)
    for (const offsets of await kafka.offsets(topic)) {
      const key = `${topic} ${offsets.partition}`;
      const acknowledged = known.get(key)?.offset ?? -1;
      found.set(key, { topic, partition: offsets.partition, regressed: offsets.next < acknowledged + 1 });
      if (offsets.next > 0) ranges.push(rangeToRead(topic, offsets, acknowledged));
    }

  let unreadable: PublisherRefusal | undefined;
  await kafka.read(ranges, (record) => {
    faultPoint('publisher.readingTails');
    const one = found.get(`${record.topic} ${record.partition}`)!;
    const tail = tailOf(record);
    if (!tail) unreadable ??= new PublisherRefusal(`record ${placeOf(record)} is not one of this ledger's`);
    else {
      one.last = tail;
      if (tail.position >= (one.highest?.position ?? 0)) one.highest = tail;
    }
  });
  if (unreadable) throw unreadable;
  for (const one of found.values()) one.tail = tailCheckpoint(one, known.get(`${one.topic} ${one.partition}`));
  return [...found.values()];
}

/** What lies above the acknowledged record; the last record where that is nothing. */
function rangeToRead(topic: string, { partition, first, next }: PartitionOffsets, acknowledged: number): PartitionRange {
  const from = Math.min(acknowledged + 1, next - 1);
  if (from < first)
    throw new PublisherRefusal(`records ${from} to ${first - 1} of topic ${topic}, partition ${partition}, were deleted: it can't be replayed any more`);
  return { topic, partition, from, to: next };
}

function tailCheckpoint({ topic, partition, regressed, last, highest }: Found, known: PartitionCheckpoint | undefined): PartitionCheckpoint | undefined {
  if (!last || !highest) return undefined;
  const position = regressed ? highest.position : Math.max(highest.position, known?.position ?? 0);
  return { topic, partition, offset: last.offset, position };
}

function tailOf({ topic, partition, offset, value }: StoredRecord): Tail | undefined {
  try {
    const event = CloudEvent.parse(JSON.parse(value));
    return { topic, partition, offset, position: Number(event.sequence), eventId: event.id };
  } catch {
    return undefined;
  }
}

async function assertOfThisLog(tail: Tail, store: EventStore): Promise<void> {
  const event = await eventAtOrAbove(store, tail.position);
  if (event?.position === tail.position && event.id === tail.eventId) return;
  if (event && isVoid(tail.position, event)) return;
  const logHas = event?.position === tail.position ? `event ${event.id}` : 'no event';
  throw new PublisherRefusal(
    `record ${placeOf(tail)} holds event ${tail.eventId} of position ${tail.position}, where this log has ${logHas}: `
    + 'the topic was filled from another log, or this log has lost its end and went on below what was published',
  );
}

/** Whether the next event above a position says that none will ever stand there. Any other gap is how a store counts, and says nothing. */
function isVoid(position: number, next: RecordedEvent): boolean {
  if (next.type !== LogRestored.type) return false;
  const { voidFrom, voidTo } = LogRestored.data.parse(next.data);
  return voidFrom <= position && position <= voidTo && voidTo < next.position;
}

function placeOf({ topic, partition, offset }: { topic: string; partition: number; offset: number }): string {
  return `${offset} of topic ${topic}, partition ${partition},`;
}
