import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Producer, type TopicMessages } from 'kafkajs';
import pg from 'pg';
import { published, topicOf, topics } from '#contracts/published.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { startApp } from '#embedded/apps.ts';
import type { Stoppable } from '#embedded/supervise.ts';
import { APPEND_EVENTS_MAX } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { ignorePastTimers } from '#messaging/kafkajs/past-timers.ts';
import { partitionOf } from '#messaging/partitions.ts';
import { migratePublisher } from '#messaging/postgres/publisher-session.ts';
import { EVENTS_MAX } from '#messaging/publisher.ts';
import { PARTITIONS } from '#messaging/topics.ts';
import { type Bench, type BenchContext, type Row, takeTurns } from './bench.ts';
import { asOwner } from '#testing/postgres.ts';
import { realisticHistory, toNew } from './realistic-history.ts';

/** The publisher, as it is built and started, against the same client library with nothing in front of it. */
export const publisherBenches: Bench[] = [{ name: 'publisher', run: catchUp }];

/** More would take minutes and, since each round is a long one, tell nothing new. */
const ROUNDS_MAX = 3;
/** Of the bare side, which is quicker with twice what ours sends at once. */
const EVENTS_PER_SEND = 2 * EVENTS_MAX;

async function catchUp(context: BenchContext): Promise<Row[]> {
  ignorePastTimers();
  const count = context.quick ? 3_000 : 500_000;
  const { brokers } = await context.kafka();
  const url = await context.database();
  await fill(url, count);
  const requests = bareRequests(count);
  let memory = 0;
  const { ours, bare } = await takeTurns(Math.min(context.rounds, ROUNDS_MAX), {
    ours: async () => {
      await startAnew(url, brokers);
      const publisher = await startPublisher(context, url, brokers);
      try {
        const rate = await rateUpTo(url, count);
        memory = Math.max(memory, peakMegabytes(publisher.pid));
        return { rate };
      } finally {
        await publisher.stop();
      }
    },
    bare: async () => ({ rate: await bareRate(brokers, requests, count) }),
  });
  const bytes = requests.flat().flatMap(({ messages }) => messages).reduce((sum, { value }) => sum + Buffer.byteLength(value!), 0);
  const name = `publisher catching up ${count.toLocaleString('en-US')} public events`;
  return [
    {
      name, unit: 'events/s', ours: ours.rate, peer: { name: 'bare kafkajs', value: bare.rate }, goal: { atLeast: 0.6 },
      detail: `${Math.round(bytes / (requests.length * EVENTS_PER_SEND))} bytes an event, ${EVENTS_MAX} events a request, bare ${EVENTS_PER_SEND}`,
    },
    { name: `${name}: peak memory`, unit: 'MB', ours: memory, goal: { within: 200 } },
  ];
}

/** Public events of commitments as a realistic history has them, again and again, in streams of their own. */
export function* publicEvents(): Generator<RecordedEvent, never> {
  const models = [...realisticHistory({ seed: 1, events: 8_000 })].filter((event) => event.stream.startsWith('commitment-') && published(event));
  for (let position = 1; ; ) {
    // As many events a stream as one append takes.
    const stream = `commitment-${randomUUID()}`;
    for (let revision = 1; revision <= APPEND_EVENTS_MAX; revision += 1, position += 1)
      yield { ...models[position % models.length]!, id: randomUUID(), stream, revision, position };
  }
}

async function fill(url: string, count: number): Promise<void> {
  await migrateEventLog(url);
  await migratePublisher(url);
  const store = await openEventStore(url);
  try {
    const events = publicEvents();
    for (let done = 0; done < count;) {
      const appends: Promise<unknown>[] = [];
      for (; appends.length < 40 && done < count; done += APPEND_EVENTS_MAX) {
        const some = Array.from({ length: Math.min(APPEND_EVENTS_MAX, count - done) }, () => events.next().value);
        appends.push(store.append(some[0]!.stream, 0, some.map(toNew)));
      }
      await Promise.all(appends);
    }
  } finally {
    await store.close();
  }
}

/** A Kafka without our topics, and a publisher that has published nothing. */
async function startAnew(url: string, brokers: string[]): Promise<void> {
  await deleteTopics(brokers, topics);
  await asOwner(url, (client) => client.query('truncate publisher.progress, publisher.topic, publisher.partition'));
}

/** The built process, started as `npm start` does. */
export async function startPublisher({ folder, say }: BenchContext, url: string, brokers: string[]): Promise<Stoppable> {
  return startApp('publisher', {
    dataDir: folder, report: say,
    env: { ...process.env, DATA_DIR: folder, DATABASE_URL: url, EVENT_STORE_URL: url, KAFKA_BROKERS: brokers.join(','), PORT: '0' },
  });
}

/** Events a second from its first checkpoint until it has published everything; its start and the making of topics don't count. */
async function rateUpTo(url: string, head: number): Promise<number> {
  return asOwner(url, async (client) => {
    const first = await progressAbove(client, 0);
    const last = await progressAbove(client, head - 1);
    return ((last.position - first.position) * 1_000) / Math.max(1, last.at - first.at);
  });
}

async function progressAbove(client: pg.Client, position: number): Promise<{ position: number; at: number }> {
  for (const end = performance.now() + 180_000; performance.now() < end;) {
    const { rows: [row] } = await client.query<{ position: string }>('select position from publisher.progress');
    const at = performance.now();
    if (Number(row?.position ?? 0) > position) return { position: Number(row!.position), at };
    await delay(20);
  }
  throw new Error(`the publisher does not get beyond position ${position}`);
}

/** The most that the process ever held; 0 where the system does not tell. */
function peakMegabytes(pid: number): number {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return 0;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(file, 'utf8'))![1]) / 1024;
}

type Request = TopicMessages[];

/** What a team would send without a publisher: the same records, keys and partitions, as one request after the other. */
function bareRequests(count: number): Request[] {
  const events = publicEvents();
  return Array.from({ length: Math.ceil(Math.min(count, 20_000) / EVENTS_PER_SEND) }, () =>
    bareRequest(Array.from({ length: EVENTS_PER_SEND }, () => events.next().value)));
}

/** To a topic of its own beside ours. */
export function bareRequest(events: readonly RecordedEvent[]): Request {
  const messages = events.map((event) => ({
    key: event.stream, value: JSON.stringify(published(event)), partition: partitionOf(event.stream, PARTITIONS),
    headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' },
  }));
  return [{ topic: BARE_TOPIC, messages }];
}

export const BARE_TOPIC = `bare.${topicOf('commitment')}`;

async function bareRate(brokers: string[], requests: readonly Request[], count: number): Promise<number> {
  await createBareTopic(brokers);
  const producer = await bareProducer(brokers);
  try {
    // What ours does before its first checkpoint.
    await producer.sendBatch({ acks: -1, topicMessages: requests[0]! });
    const started = performance.now();
    let sent = 0;
    for (let turn = 0; sent < count; turn += 1, sent += EVENTS_PER_SEND)
      await producer.sendBatch({ acks: -1, topicMessages: requests[turn % requests.length]! });
    return (sent * 1_000) / (performance.now() - started);
  } finally {
    await producer.disconnect();
    await deleteTopics(brokers, [BARE_TOPIC]);
  }
}

export async function bareProducer(brokers: string[]): Promise<Producer> {
  const producer = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).producer({
    idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false,
    createPartitioner: () => ({ message }) => message.partition!,
  });
  await producer.connect();
  return producer;
}

export function createBareTopic(brokers: string[]): Promise<unknown> {
  return administer(brokers, (admin) => admin.createTopics({ waitForLeaders: true, topics: [{ topic: BARE_TOPIC, numPartitions: PARTITIONS }] }));
}

export async function deleteTopics(brokers: string[], names: readonly string[]): Promise<void> {
  await administer(brokers, async (admin) => {
    const there = async (): Promise<string[]> => (await admin.listTopics()).filter((name) => names.includes(name));
    const found = await there();
    if (found.length > 0) await admin.deleteTopics({ topics: found });
    for (const end = performance.now() + 10_000; performance.now() < end && (await there()).length > 0;) await delay(50);
  });
}

async function administer<T>(brokers: string[], work: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  return work(admin).finally(() => admin.disconnect());
}
