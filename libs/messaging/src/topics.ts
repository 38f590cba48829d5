import { setTimeout as delay } from 'node:timers/promises';
import { topics } from '#contracts/published.ts';
import { PublisherRefusal } from './checkpoint.ts';
import { type Kafka, KafkaUnavailableError, type TopicDescription } from './kafka.ts';
import type { PublisherSession } from './postgres/publisher-session.ts';

/** Of a topic that we make. Keys would move if it ever changed, so the number made with is stored and checked. */
export const PARTITIONS = 6;

/** What a topic needs so that it can be replayed for ever from offset 0. */
const SETTINGS = { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' };

const WAIT_MS = 500;

/**
 * Makes the topics that are missing and checks the others.
 * @param known number of partitions by topic, as stored
 * @returns number of partitions by topic
 * @throws PublisherRefusal for a topic with other settings, or with another number of partitions than stored
 */
export async function ensureTopics(kafka: Kafka, session: PublisherSession, known: ReadonlyMap<string, number>): Promise<Map<string, number>> {
  const existing = await kafka.describeTopics(topics);
  const ensured = new Map<string, number>();
  for (const topic of topics) {
    const description = existing.get(topic);
    if (description) check(topic, description, known.get(topic));
    const partitions = description?.partitions ?? known.get(topic) ?? PARTITIONS;
    if (!description) await kafka.createTopic(topic, partitions);
    await session.saveTopic(topic, partitions);
    ensured.set(topic, partitions);
  }
  return ensured;
}

/**
 * For a subscriber that may start before the publisher has made the topics.
 * @returns number of partitions by topic; undefined when the signal aborted
 */
export async function untilTopicsExist(kafka: Kafka, signal: AbortSignal): Promise<Map<string, number> | undefined> {
  while (!signal.aborted) {
    const existing = await kafka.describeTopics(topics).catch((error: unknown) => {
      if (error instanceof KafkaUnavailableError) return new Map<string, TopicDescription>();
      throw error;
    });
    if (topics.every((topic) => existing.has(topic))) return new Map([...existing].map(([topic, { partitions }]) => [topic, partitions]));
    await delay(WAIT_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

function check(topic: string, { partitions, settings }: TopicDescription, known: number | undefined): void {
  if (known !== undefined && known !== partitions)
    throw new PublisherRefusal(`topic ${topic} has ${partitions} partitions and was made with ${known}: keys would move between partitions`);
  for (const [name, value] of Object.entries(SETTINGS))
    if (settings[name] !== value)
      throw new PublisherRefusal(`topic ${topic} has ${name}=${settings[name] ?? 'nothing'} and needs ${value}: records would be lost to replay`);
}
