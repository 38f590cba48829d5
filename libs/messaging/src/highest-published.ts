import { CloudEvent, topics } from '#contracts/published.ts';
import type { Kafka, PartitionRange } from './kafka.ts';

/**
 * The highest position that the last records of the ledger's topics hold, whatever the publisher's checkpoint says;
 * 0 where there is none. Topics that are not there, and records that are not the ledger's, count as nothing.
 * @throws KafkaUnavailableError
 */
export async function highestPublished(kafka: Kafka): Promise<number> {
  const there = await kafka.describeTopics(topics);
  const ranges: PartitionRange[] = [];
  for (const topic of there.keys())
    for (const { partition, first, next } of await kafka.offsets(topic)) if (next > first) ranges.push({ topic, partition, from: next - 1, to: next });
  let highest = 0;
  await kafka.read(ranges, ({ value }) => (highest = Math.max(highest, positionOf(value))));
  return highest;
}

function positionOf(value: string): number {
  try {
    return Number(CloudEvent.parse(JSON.parse(value)).sequence);
  } catch {
    return 0;
  }
}
