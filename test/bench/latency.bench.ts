import { randomUUID } from 'node:crypto';
import kafkajs, { type Consumer } from 'kafkajs';
import { topicOf, topics } from '#contracts/published.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { startApp } from '#embedded/apps.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { ignorePastTimers } from '#messaging/kafkajs/past-timers.ts';
import { openKafka } from '#messaging/kafkajs/open-kafka.ts';
import { migratePublisher } from '#messaging/postgres/publisher-session.ts';
import { untilTopicsExist } from '#messaging/topics.ts';
import { openPool } from '#read-model/database.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import { PositionWatch } from '#read-model/position-watch.ts';
import { views } from '#read-model/views.ts';
import { atPace, type Bench, type BenchContext, percentile, type Row, takeTurns } from './bench.ts';
import {
  BARE_TOPIC, bareProducer, bareRequest, createBareTopic, deleteTopics, publicEvents, startPublisher,
} from './publisher.bench.ts';
import { realisticHistory, recordHistory, toNew } from './realistic-history.ts';

/** How long after a commit it is seen: in the read model, and by a Kafka consumer. */
export const latencyBenches: Bench[] = [
  { name: 'latency-visible', run: commitToVisible },
  { name: 'latency-kafka', run: commitToReceived },
];

const COMMANDS_PER_SECOND = 200;
const DEADLINE_MS = 60_000;

async function commitToVisible(context: BenchContext): Promise<Row[]> {
  const commandsPerRound = context.quick ? 100 : 2_000;
  const history = realisticHistory({ seed: 7, events: context.quick ? 1_500 : 50_000 });
  const url = await context.database();
  await migrateEventLog(url);
  await migrateReadModel(url);
  const store = await openEventStore(url);
  const pool = openPool(url, 4);
  const watch = new PositionWatch(url, pool, views);
  const projector = await startApp('projector', {
    dataDir: context.folder, report: context.say,
    env: { ...process.env, DATA_DIR: context.folder, DATABASE_URL: url, EVENT_STORE_URL: url, PORT: '0' },
  });
  try {
    // A ledger with some records in it, and a projector that runs: not what a first second is like.
    await recordHistory(store, next(history, context.quick ? 500 : 10_000));
    await visible(watch, await store.head());
    const commands = commandsOf(history);
    const { ours } = await takeTurns(context.rounds, {
      ours: async () => {
        const milliseconds: number[] = [];
        await atPace(COMMANDS_PER_SECOND, commandsPerRound, async () => {
          const position = await append(store, commands.next().value!);
          const committedAt = performance.now();
          await visible(watch, position);
          milliseconds.push(performance.now() - committedAt);
        });
        return { p50: percentile(milliseconds, 0.5), p99: percentile(milliseconds, 0.99), max: Math.max(...milliseconds) };
      },
    });
    return [{
      name: `commit to visible, ${COMMANDS_PER_SECOND} commands/s, p99`, unit: 'ms', ours: ours.p99, goal: { within: 25 },
      detail: `p50 ${ours.p50.toFixed(1)} ms, max ${ours.max.toFixed(0)} ms`,
    }];
  } finally {
    await projector.stop();
    await watch.close();
    await pool.end();
    await store.close();
  }
}

/** So many; the rest can still be had. */
function* next(history: Generator<RecordedEvent, void>, count: number): Generator<RecordedEvent, void> {
  for (let left = count; left > 0; left -= 1) {
    const event = history.next();
    if (event.done) return;
    yield event.value;
  }
}

/** Events of one command are appended together. */
function* commandsOf(history: Iterable<RecordedEvent>): Generator<RecordedEvent[], void> {
  let command: RecordedEvent[] = [];
  for (const event of history) {
    if (command.length > 0 && command[0]!.metadata.commandId !== event.metadata.commandId) {
      yield command;
      command = [];
    }
    command.push(event);
  }
  if (command.length > 0) yield command;
}

async function append(store: EventStore, events: readonly RecordedEvent[]): Promise<number> {
  const result = await store.append(events[0]!.stream, 'any', events.map(toNew));
  if (result.outcome !== 'appended') throw new Error(`an append to ${events[0]!.stream} was answered: ${result.outcome}`);
  return result.position;
}

/** As a query with `minPosition` waits. */
async function visible(watch: PositionWatch, position: number): Promise<void> {
  const reached = await watch.waitForPosition(views, position, { deadlineMs: DEADLINE_MS });
  if (reached < position) throw new Error(`position ${position} is not visible after ${DEADLINE_MS} ms`);
}

async function commitToReceived(context: BenchContext): Promise<Row[]> {
  ignorePastTimers();
  const { brokers } = await context.kafka();
  const url = await context.database();
  await migrateEventLog(url);
  await migratePublisher(url);
  await deleteTopics(brokers, topics);
  await createBareTopic(brokers);
  const store = await openEventStore(url);
  const publisher = await startPublisher(context, url, brokers);
  const reader = openKafka(brokers, { log: context.say, warn: context.say, error: context.say });
  let arrivals: Arrivals | undefined;
  let bare: BareSide | undefined;
  try {
    await untilTopicsExist(reader, AbortSignal.timeout(DEADLINE_MS));
    arrivals = await Arrivals.open(brokers, [topicOf('commitment'), BARE_TOPIC]);
    bare = await BareSide.open(brokers);
    const rows: Row[] = [];
    for (const perSecond of [200, 1_000]) rows.push(...await receivedAt(perSecond, context, store, bare, arrivals));
    return rows;
  } finally {
    await arrivals?.close();
    await bare?.close();
    await reader.close();
    await publisher.stop();
    await store.close();
    await deleteTopics(brokers, [BARE_TOPIC]);
  }
}

async function receivedAt(perSecond: number, context: BenchContext, store: EventStore, bareSide: BareSide, arrivals: Arrivals): Promise<Row[]> {
  const times = (context.quick ? 0.3 : 6) * perSecond;
  const events = publicEvents();
  const measure = async (send: (event: RecordedEvent) => Promise<unknown>, since: 'acknowledged' | 'sent') => {
    const milliseconds: number[] = [];
    await atPace(perSecond, times, async () => {
      const event = { ...events.next().value, id: randomUUID(), stream: `commitment-${randomUUID()}`, revision: 1 };
      const arrival = arrivals.of(event.id);
      let begun = performance.now();
      const sent = send(event);
      if (since === 'acknowledged') {
        await sent;
        begun = performance.now();
      }
      // It may arrive before its acknowledgement does.
      milliseconds.push(Math.max(0, await arrival - begun));
      await sent;
    });
    return { p50: percentile(milliseconds, 0.5), p99: percentile(milliseconds, 0.99), max: Math.max(...milliseconds) };
  };
  const { ours, bare } = await takeTurns(context.rounds, {
    ours: () => measure((event) => append(store, [event]), 'acknowledged'),
    bare: () => measure((event) => bareSide.send(event), 'sent'),
  });
  const name = `commit to received from Kafka, ${perSecond.toLocaleString('en-US')} events/s`;
  const beside = (which: 'p50' | 'p99'): string => `bare kafkajs, send to received: ${bare[which].toFixed(1)} ms`;
  return [
    { name: `${name}, p50`, unit: 'ms', ours: ours.p50, goal: { within: 5 }, detail: beside('p50') },
    { name: `${name}, p99`, unit: 'ms', ours: ours.p99, goal: { within: 15 }, detail: `${beside('p99')}; max ${ours.max.toFixed(0)}, bare ${bare.max.toFixed(0)} ms` },
  ];
}

/** A consumer that notes when each event comes. */
class Arrivals {
  private readonly awaited = new Map<string, (at: number) => void>();

  private constructor(private readonly consumer: Consumer) {}

  static async open(brokers: string[], from: string[]): Promise<Arrivals> {
    const consumer = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).consumer({
      groupId: `bench-${randomUUID()}`, allowAutoTopicCreation: false, minBytes: 1, maxWaitTimeInMs: 100,
    });
    const arrivals = new Arrivals(consumer);
    await consumer.connect();
    await consumer.subscribe({ topics: from, fromBeginning: true });
    const joined = new Promise((resolve) => consumer.on('consumer.group_join', resolve));
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        const at = performance.now();
        for (const { value } of batch.messages) arrivals.note(idIn(value!), at);
        return Promise.resolve();
      },
    });
    await joined;
    return arrivals;
  }

  /** @returns when it came: milliseconds of performance.now() */
  of(id: string): Promise<number> {
    return new Promise((resolve) => this.awaited.set(id, resolve));
  }

  close(): Promise<void> {
    return this.consumer.disconnect();
  }

  private note(id: string, at: number): void {
    this.awaited.get(id)?.(at);
    this.awaited.delete(id);
  }
}

/** Without parsing all of it: measuring must not cost more than what is measured. */
function idIn(value: Buffer): string {
  return /"id":"([^"]+)"/.exec(value.toString('latin1', 0, 100))![1]!;
}

/** Sends what there is as one request, and what comes meanwhile as the next: one in flight, nothing waits for company. */
class BareSide {
  private waiting: RecordedEvent[] = [];
  private sending: Promise<void> | undefined;

  private constructor(private readonly producer: kafkajs.Producer) {}

  static async open(brokers: string[]): Promise<BareSide> {
    return new BareSide(await bareProducer(brokers));
  }

  send(event: RecordedEvent): Promise<void> {
    this.waiting.push(event);
    return (this.sending ??= this.sendAll());
  }

  close(): Promise<void> {
    return this.producer.disconnect();
  }

  private async sendAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const events = this.waiting;
      this.waiting = [];
      await this.producer.sendBatch({ acks: -1, topicMessages: bareRequest(events) });
    }
    this.sending = undefined;
  }
}
