import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { published, topicOf, topics, type CloudEvent } from '#contracts/published.ts';
import { categoryOf, type EventStore } from '#event-store/event-store.ts';
import { logLag } from '#event-store/log-lag.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import type { Kafka } from '#messaging/kafka.ts';
import { openKafka } from '#messaging/kafkajs/open-kafka.ts';
import { partitionOf } from '#messaging/partitions.ts';
import { PARTITIONS } from '#messaging/topics.ts';
import { openPool } from '#read-model/database.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import { runViews } from '#read-model/run-views.ts';
import { readViewLag } from '#read-model/view-lag.ts';
import { qualifiedTablesOf, type View } from '#read-model/view.ts';
import { views } from '#read-model/views.ts';
import { Dice } from '#testing/dice.ts';
import { until } from '#testing/until.ts';
import type { FeedReader } from './feed-reader.ts';
import { LogReading, PartitionReading, Violation } from './readings.ts';
import type { Site } from './site.ts';
import type { Acknowledged, Workload } from './workload.ts';

/** What a check has seen since the one before. */
export interface Seen {
  acknowledged: number;
  /** Records that Kafka holds twice: dropped by whoever keeps the subscriber's rule. */
  repeats: number;
}

const SETTLE_MS = 60_000;
const REPEATS = 10;

/**
 * Looks at everything that the system has said and kept, from outside: the log by its own reading, each view against a
 * fold of its own in another server that nobody harms, each topic record by record, what a feed reader saw.
 */
export class Checks {
  private readonly log: LogReading;
  private readonly kafkaReading = new Map<string, PartitionReading>();

  private constructor(
    private readonly site: Site,
    private readonly workload: Workload,
    private readonly feed: FeedReader,
    private readonly store: EventStore,
    private readonly kafka: Kafka,
    private readonly shadow: Shadow,
  ) {
    this.log = new LogReading(site.store);
  }

  static async open(site: Site, workload: Workload, feed: FeedReader, shadowUrl: string): Promise<Checks> {
    const store = await openEventStore(site.logUrl);
    const kafka = openKafka(site.brokers, { log: () => undefined, warn: () => undefined, error: () => undefined });
    return new Checks(site, workload, feed, store, kafka, await Shadow.start(shadowUrl, store));
  }

  /**
   * Everything, once nobody writes.
   * @param repeatsMax records that the harm may have caught in flight
   * @throws Violation
   */
  async run(dice: Dice, repeatsMax: number): Promise<Seen> {
    const acknowledged = this.workload.take();
    await this.readLog();
    this.checkAcknowledged(acknowledged);
    await this.checkRepeats(dice, acknowledged);
    await this.checkViews();
    const repeats = await this.checkKafka();
    if (repeats > repeatsMax) throw new Violation(`Kafka holds ${repeats} records twice, where ${repeatsMax} may have been in flight`, { doubled: repeats });
    await this.checkFeed();
    await this.checkReporting();
    await this.checkMatrix();
    return { acknowledged: acknowledged.length, repeats };
  }

  /** The whole log once more: no event that was ever read has changed since. */
  async checkUnchanged(): Promise<void> {
    const again = new LogReading(this.site.store);
    await again.readOn(this.store);
    if (again.hash !== this.log.hash) throw new Violation('the log read again differs from what was read as it grew');
  }

  /** The views against a fold begun anew. */
  async checkAgainst(shadowUrl: string): Promise<void> {
    const fresh = await Shadow.start(shadowUrl, this.store);
    try {
      await fresh.until(this.log.position);
      await compareViews(this.site.databaseUrl, shadowUrl);
    } finally {
      await fresh.stop();
    }
  }

  get events(): number {
    return this.log.count;
  }

  /** Forgets what was read of a topic that somebody deleted: all of it must come again. */
  topicGone(topic: string): void {
    for (const reading of this.kafkaReading.values()) if (reading.topic === topic) reading.beginAgain();
  }

  async close(): Promise<void> {
    await this.shadow.stop();
    await this.kafka.close();
    await this.store.close();
  }

  private async readLog(): Promise<void> {
    for (const event of await this.log.readOn(this.store)) {
      const one = published(event);
      if (!one) continue;
      const partition = partitionOf(one.partitionkey, PARTITIONS);
      this.reading(topicOf(categoryOf(event.stream)), partition).expected.push({ id: one.id, sequence: one.sequence });
      this.feed.expected.push(one.sequence);
    }
  }

  private checkAcknowledged(acknowledged: readonly Acknowledged[]): void {
    const lost = acknowledged.filter(({ answer }) => !this.log.holds(answer));
    if (lost.length > 0) throw new Violation(`the log does not hold ${lost.length} acknowledged commands, such as ${JSON.stringify(lost[0])}`, { lost: lost.length });
    this.log.acknowledge(acknowledged);
  }

  private async checkRepeats(dice: Dice, acknowledged: readonly Acknowledged[]): Promise<void> {
    const head = await this.store.head();
    for (const one of dice.some(acknowledged, REPEATS)) {
      const answer = await this.workload.repeat(dice, one);
      if (!isDeepStrictEqual(answer, one.answer)) throw new Violation(`a repeat was answered ${JSON.stringify(answer)}, the first time ${JSON.stringify(one.answer)}`);
    }
    const after = await this.store.head();
    if (after !== head) throw new Violation(`repeats have written: the log ended at ${head} and ends at ${after}`, { doubled: (await logLag(this.store, head)).events });
  }

  private async checkViews(): Promise<void> {
    await this.shadow.until(this.log.position);
    await viewsAt(this.store, this.site.databaseUrl, this.log.position);
    await compareViews(this.site.databaseUrl, this.shadow.url);
  }

  /** @returns how many records were there twice */
  private async checkKafka(): Promise<number> {
    let repeats = 0;
    const wait = async (): Promise<boolean> => {
      for (const topic of topics) {
        for (const { partition, next } of await this.kafka.offsets(topic)) {
          const reading = this.reading(topic, partition);
          if (next <= reading.next) continue;
          await this.kafka.read([{ topic, partition, from: reading.next, to: next }], ({ offset, key, value }) => {
            repeats += reading.take(offset, key, JSON.parse(value) as CloudEvent);
          });
        }
      }
      return [...this.kafkaReading.values()].every((reading) => reading.isComplete());
    };
    try {
      await until(wait, { deadlineMs: SETTLE_MS, intervalMs: 100 });
    } catch (cause) {
      const missing = [...this.kafkaReading.values()].filter((reading) => !reading.isComplete());
      const lost = missing.reduce((sum, reading) => sum + reading.missing, 0);
      throw new Violation(`Kafka lacks ${lost} published events: ${missing.map((one) => one.toString()).join('; ')}`, { lost }, { cause });
    }
    for (const reading of this.kafkaReading.values()) reading.throwIfWrong();
    return repeats;
  }

  private async checkFeed(): Promise<void> {
    const { feed } = this;
    await until(() => feed.seen.length >= feed.expected.length, { deadlineMs: SETTLE_MS })
      .catch(() => { throw new Violation(`the feed reader saw ${feed.seen.length} of ${feed.expected.length} events`, { lost: feed.expected.length - feed.seen.length }); });
    if (!isDeepStrictEqual(feed.seen, feed.expected)) {
      const at = feed.seen.findIndex((sequence, index) => sequence !== feed.expected[index]);
      throw new Violation(`the feed reader saw ${feed.seen[at]} where ${feed.expected[at]} comes`, { doubled: Math.max(0, feed.seen.length - feed.expected.length) });
    }
  }

  private async checkReporting(): Promise<void> {
    const [reporting] = this.site.of('reporting');
    let last: unknown;
    const equal = async (): Promise<boolean> => {
      const response = await fetch(`${reporting!.url}/reports/reconciliation`, { signal: AbortSignal.timeout(10_000) });
      last = await response.json();
      return (last as { equal?: boolean }).equal === true;
    };
    await until(equal, { deadlineMs: SETTLE_MS, intervalMs: 100 })
      .catch(() => { throw new Violation(`reporting does not reconcile: ${JSON.stringify(last)}`); });
  }

  /** Each API moves figures of its own along; they must say the same. */
  private async checkMatrix(): Promise<void> {
    const answers = await Promise.all(this.site.of('api').map(async ({ url }) => {
      const response = await fetch(`${url}/v1/progress-matrix?minPosition=${this.log.position}`, { signal: AbortSignal.timeout(20_000) });
      return { status: response.status, body: await response.json() as unknown };
    }));
    const [first, ...others] = answers;
    for (const other of others) {
      if (first!.status === 200 && isDeepStrictEqual(first, other)) continue;
      throw new Violation(`two APIs give different matrices: ${JSON.stringify(first).slice(0, 300)} and ${JSON.stringify(other).slice(0, 300)}`);
    }
  }

  private reading(topic: string, partition: number): PartitionReading {
    const key = `${topic} ${partition}`;
    const reading = this.kafkaReading.get(key) ?? new PartitionReading(topic, partition);
    this.kafkaReading.set(key, reading);
    return reading;
  }
}

/** The same views, folded from the same log, in a database that nobody harms. */
class Shadow {
  private readonly stopping = new AbortController();
  private readonly run: Promise<void>;

  private constructor(readonly url: string, private readonly store: EventStore, private readonly pool: pg.Pool) {
    this.run = runViews({ store, pool, views, signal: this.stopping.signal });
    // `until` meets its error; before that nobody may be waiting.
    this.run.catch(() => undefined);
  }

  static async start(url: string, store: EventStore): Promise<Shadow> {
    await migrateReadModel(url);
    return new Shadow(url, store, openPool(url, 4));
  }

  async until(position: number): Promise<void> {
    await Promise.race([viewsAt(this.store, this.url, position), this.run.then(() => { throw new Error('the fold beside has ended'); })]);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.run.catch(() => undefined);
    await this.pool.end();
  }
}

/** Waits until every view of a database stands there. */
async function viewsAt(store: EventStore, url: string, position: number): Promise<void> {
  const pool = openPool(url, 1);
  let last: unknown;
  try {
    await until(async () => {
      last = await readViewLag(store, pool, views);
      return (last as { position: number }[]).every((view) => view.position >= position);
    }, { deadlineMs: SETTLE_MS * 3, intervalMs: 50 });
  } catch (cause) {
    throw new Violation(`the views do not come to ${position}: ${JSON.stringify(last)}`, {}, { cause });
  } finally {
    await pool.end();
  }
}

/** Row for row, with every row's history. */
async function compareViews(actual: string, expected: string): Promise<void> {
  const [here, there] = [openPool(actual, 1), openPool(expected, 1)];
  try {
    for (const view of views) for (const table of qualifiedTablesOf(view)) {
      const [one, other] = await Promise.all([hashOf(here, table), hashOf(there, table)]);
      if (one !== other) throw new Violation(`${table} differs from a fold of the log: ${await difference(here, there, table, view)}`);
    }
  } finally {
    await Promise.all([here.end(), there.end()]);
  }
}

async function hashOf(pool: pg.Pool, table: string): Promise<string> {
  const { rows } = await pool.query<{ hash: string }>(`select count(*) || ' ' || md5(coalesce(string_agg(md5(t::text), '' order by md5(t::text)), '')) as hash from ${table} t`);
  return rows[0]!.hash;
}

async function difference(here: pg.Pool, there: pg.Pool, table: string, { name }: View): Promise<string> {
  const rowsOf = async (pool: pg.Pool) => new Set((await pool.query<{ row: string }>(`select t::text as row from ${table} t`)).rows.map(({ row }) => row));
  const [one, other] = await Promise.all([rowsOf(here), rowsOf(there)]);
  const [more, less] = [[...one].filter((row) => !other.has(row)), [...other].filter((row) => !one.has(row))];
  return `${more.length} rows of ${name} too many, such as ${more[0]?.slice(0, 300)}; ${less.length} missing, such as ${less[0]?.slice(0, 300)}`;
}
