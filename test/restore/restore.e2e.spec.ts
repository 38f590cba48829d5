import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { published, topics, type CloudEvent } from '#contracts/published.ts';
import type { RecordedEvent, Role } from '#domain/event.ts';
import { runLedger } from '#embedded/apps.ts';
import { freePort } from '#embedded/port.ts';
import { startPostgres, type EmbeddedPostgres } from '#embedded/postgres.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { startBroker, type Broker } from '#messaging/publisher.fixture.ts';
import { mintLocalToken } from '#platform/auth/local-key.ts';
import { openPool } from '#read-model/database.ts';
import { dump } from '#read-model/things.fixture.ts';
import { viewId } from '#read-model/view.ts';
import { views } from '#read-model/views.ts';
import { logOf } from '#testing/given.ts';
import { testDatabase } from '#testing/postgres.ts';
import { catalogue, content } from '#testing/scenes.ts';
import { until } from '#testing/until.ts';
import { startBuiltApp, type BuiltApp } from '../e2e/built-apps.ts';
import { HttpClient } from '../e2e/http-client.ts';
import { copyCluster } from './copy-cluster.ts';
import { FeedSubscriber } from './feed-subscriber.ts';

const WRITERS = 4;
/** Commitments submitted and registered before the backup begins, and once more after it ended. */
const ENOUGH = 40;
/** Beyond what is known to have been seen. */
const MARGIN = 1_000_000;
/** Processes start and join groups meanwhile, on two cores. */
const SLOW = { deadlineMs: 60_000 };

let folder: string;
let broker: Broker;
let undo: (() => Promise<unknown>)[];

beforeAll(async () => {
  broker = await startBroker();
}, 90_000);

afterAll(() => broker.stop());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), `ledger-test-${process.pid}-restore-`));
  undo = [() => broker.deleteTopics(...topics)];
});

afterEach(async () => {
  for (const one of undo.reverse()) await one();
  for (const one of [folder, `${folder}-old`, `${folder}-new`]) rmSync(one, { recursive: true, force: true });
}, 90_000);

test('a backup made while writers run is restored without the end that Kafka has: it goes on above, loses nothing more, and uses no position twice', async () => {
  const oldServer = await server('old');
  const old = await Site.start(oldServer.url);
  await old.enterCatalogue();
  await old.startAll();
  const feed = new FeedSubscriber(old.url('api'));
  const writers = new Writers(old);
  const work = writers.work();
  await until(() => writers.accepted.length >= ENOUGH, SLOW);
  const before = writers.accepted.length;
  await copyCluster(oldServer.url, join(serverFolder('old'), 'cluster'), join(serverFolder('new'), 'cluster'));
  const copied = writers.accepted.length;
  await until(() => writers.accepted.length >= copied + ENOUGH, SLOW);
  writers.stop();
  await work;
  await until(() => old.reconciles(), SLOW);
  const history = await old.log();
  await feed.follow(publicOf(history).length);
  await old.lose(oldServer);

  // What was committed before the backup began is in it, and it ends somewhere in what came until its end.
  await copyFile(join(serverFolder('old'), 'password'), join(serverFolder('new'), 'password'));
  const restored = await Site.start((await server('new')).url);
  const kept = await restored.log();
  expect(kept).toEqual(history.slice(0, kept.length));
  expect(kept.length).toBeLessThan(history.length);
  expect(kept.length).toBeGreaterThanOrEqual(writers.accepted[before - 1]!.position);
  const lost = history.slice(kept.length);

  // Views that came with it, brought to its end, equal those that are filled anew from its log.
  await restored.startApp('projector');
  await until(() => restored.viewsAt(kept.length), SLOW);
  const rows = await restored.rows();
  await restored.ledger('rebuild');
  expect(await restored.rows()).toEqual(rows);
  expect(rows[viewId(views[0]!)]!.length).toBeGreaterThan(ENOUGH);

  // Nothing is published before somebody says from where on; subscribers are told, and so is whoever asks.
  const records = await recordsByTopic();
  await restored.startApp('api');
  const publisher = await restored.startApp('publisher', { untilReady: false });
  expect(await until(async () => refusalOf(await restored.health('publisher')), SLOW)).toContain('this log has lost its end');
  expect(await feed.resume(restored.url('api'))).toMatchObject({ status: 409, body: { code: 'FEED.BEYOND_THE_END' } });
  expect(await restored.ledger('doctor')).toContain(`with events up to position ${lastPublic(history).position}, but the log ends at ${kept.length}: it has lost its end`);
  await restored.stopApps();
  expect(await publisher.exited).toBe('exit code 0');
  expect(await recordsByTopic()).toEqual(records);

  const above = history.length + MARGIN;
  expect(await restored.ledger('log', 'resume-above', String(above))).toContain(`positions ${kept.length + 1} to ${above} are void; the log goes on above ${above + 1}`);

  // It goes on: with new work, and with what was lost, entered again by the same requests.
  await restored.startAll();
  const again = new Writers(restored);
  for (const command of writers.accepted.slice(before)) await again.repeat(command);
  await again.once();
  const after = await restored.log();
  const added = after.slice(kept.length);
  expect(after.slice(0, kept.length)).toEqual(kept);
  expect(added.map(({ position }) => position)).toEqual(added.map((_, n) => above + 1 + n));
  expect(added[0]).toMatchObject({ type: 'LogRestored', data: { voidFrom: kept.length + 1, voidTo: above } });
  expect(new Set(after.map(({ id }) => id))).toEqual(new Set([...after, ...lost].map(({ id }) => id)));
  expect(new Set(after.map(({ id }) => id)).size).toBe(after.length);

  // Kafka has what was lost, and of the new log each public event once; every key in order.
  const expected = publicOf([...history, ...added]);
  await until(async () => (await sequences()).length >= expected.length, SLOW);
  expect(await sequences()).toEqual(expected.map(({ sequence }) => sequence));
  await expectOrderPerPartition();

  // A subscriber of the feed goes on without a repeat, sees by its count that it holds what is no more, and begins anew.
  expect(await feed.resume(restored.url('api'))).toMatchObject({ status: 200 });
  await feed.follow(expected.length);
  expect(feed.sequences).toEqual(expected.map(({ sequence }) => sequence));
  const ofLog = publicOf(after);
  expect(await restored.summaryCount()).toBe(ofLog.length);
  expect(feed.sequences.length).toBe(ofLog.length + publicOf(lost).length);
  const anew = new FeedSubscriber(restored.url('api'));
  await anew.follow(ofLog.length);
  expect(anew.sequences).toEqual(ofLog.map(({ sequence }) => sequence));

  // So does one of Kafka, once the topics were made anew.
  await until(() => restored.reportedToTheEnd(), SLOW);
  expect(await restored.reconciles()).toBe(false);
  await restored.stopApps('publisher', 'reporting');
  await broker.deleteTopics(...topics);
  await restored.startApp('publisher');
  await restored.startApp('reporting');
  await restored.beginAnew();
  await until(() => restored.reconciles(), SLOW);
  expect(await sequences()).toEqual(ofLog.map(({ sequence }) => sequence));
  expect(await restored.ledger('doctor')).toContain('all is well');
}, 240_000);

test('a copy of the log alone is enough: everything else fills again from it, and Kafka gets nothing twice', async () => {
  const [from, to] = [await database(), await database()];
  const old = await Site.start(from);
  await old.enterCatalogue();
  await old.startAll();
  const writers = new Writers(old);
  const work = writers.work();
  await until(() => writers.accepted.length >= ENOUGH, SLOW);
  const underWay = join(folder, 'under-way.copy');
  await copyLogOut(from, underWay);
  writers.stop();
  await work;
  const history = await old.log();
  await until(() => old.reconciles(), SLOW);
  await until(() => old.viewsAt(history.length), SLOW);
  const rows = await old.rows();
  const complete = join(folder, 'complete.copy');
  await copyLogOut(from, complete);
  await old.stopApps();

  // One statement sees one moment: what it took while writers ran has no hole.
  const early = await Site.start(await database());
  await copyLogIn(early.databaseUrl, underWay);
  const begun = await early.log();
  expect(begun.length).toBeGreaterThan(ENOUGH);
  expect(begun).toEqual(history.slice(0, begun.length));

  const restored = await Site.start(to);
  await copyLogIn(to, complete);
  expect(await restored.log()).toEqual(history);
  await restored.ledger('rebuild');
  await restored.startAll();
  await until(() => restored.viewsAt(history.length), SLOW);
  expect(await restored.rows()).toEqual(rows);
  await new Writers(restored).once();
  await until(() => restored.reconciles(), SLOW);
  expect(await sequences()).toEqual(publicOf(await restored.log()).map(({ sequence }) => sequence));
  await expectOrderPerPartition();
  expect(await restored.ledger('doctor')).toContain('all is well');
}, 240_000);

/** As `psql` does by `\copy (...) to '...'`, which only differs in who writes the file. */
async function copyLogOut(url: string, file: string): Promise<void> {
  await query(url, `copy (select * from event_log.events order by position) to '${file}'`);
}

async function copyLogIn(url: string, file: string): Promise<void> {
  await query(url, `copy event_log.events from '${file}'`);
}

async function query(url: string, text: string): Promise<void> {
  const pool = openPool(url, 1);
  await pool.query(text).finally(() => pool.end());
}

async function database(): Promise<string> {
  const { url, drop } = await testDatabase();
  undo.push(drop);
  return url;
}

async function server(name: string): Promise<EmbeddedPostgres> {
  const postgres = await startPostgres({ dataDir: serverFolder(name) });
  undo.push(() => postgres.stop());
  return postgres;
}

/** Where the next test run looks for servers of one that was killed. */
function serverFolder(name: string): string {
  return join(`${folder}-${name}`, 'postgres');
}

type App = 'api' | 'projector' | 'publisher' | 'reporting';
const apps: readonly App[] = ['api', 'projector', 'publisher', 'reporting'];

/** The apps as processes on one PostgreSQL and the one Kafka. */
class Site {
  private readonly running = new Map<App, BuiltApp>();

  private constructor(
    readonly databaseUrl: string,
    readonly store: EventStore,
    private readonly ports: Record<App, number>,
  ) {}

  static async start(databaseUrl: string): Promise<Site> {
    await runLedger(['migrate'], { PATH: process.env['PATH'], DATABASE_URL: databaseUrl }, AbortSignal.timeout(60_000));
    const ports = { api: await freePort(), projector: await freePort(), publisher: await freePort(), reporting: await freePort() };
    const site = new Site(databaseUrl, await openEventStore(databaseUrl), ports);
    undo.push(() => site.store.close(), () => site.stopApps());
    return site;
  }

  async enterCatalogue(): Promise<void> {
    for (const { stream, revision, ...event } of logOf(catalogue)) await this.store.append(stream, revision - 1, [event]);
  }

  async startAll(): Promise<void> {
    await Promise.all(apps.filter((name) => !this.running.has(name)).map((name) => this.startApp(name)));
  }

  async startApp(name: App, options: { untilReady?: boolean } = {}): Promise<BuiltApp> {
    const app = await startBuiltApp(name, { folder, env: { ...this.env(), PORT: String(this.ports[name]) }, ...options });
    this.running.set(name, app);
    return app;
  }

  /** All unless named. */
  async stopApps(...names: App[]): Promise<void> {
    await Promise.all((names.length > 0 ? names : apps).map(async (name) => {
      await this.running.get(name)?.stop();
      this.running.delete(name);
    }));
  }

  /** As when the machine burns down: no app says goodbye, and the data folder is not looked at again. */
  async lose(postgres: EmbeddedPostgres): Promise<void> {
    for (const { pid, exited } of [...this.running.values(), postgres]) {
      process.kill(pid, 'SIGKILL');
      await exited;
    }
    this.running.clear();
  }

  url(name: App): string {
    return `http://127.0.0.1:${this.ports[name]}`;
  }

  async log(): Promise<RecordedEvent[]> {
    return this.store.readAll(0, 10_000);
  }

  /** What a command of `npm run ledger` prints, be all well or not. */
  async ledger(...args: string[]): Promise<string> {
    return runLedger(args, this.env(), AbortSignal.timeout(60_000)).catch((error: Error) => error.message);
  }

  async rows(): Promise<Record<string, string[]>> {
    return this.withPool(async (pool) => Object.fromEntries(await Promise.all(views.map(async (view) => [viewId(view), await dump(pool, view)] as const))));
  }

  async viewsAt(position: number): Promise<boolean> {
    return this.withPool(async (pool) => (await pool.query<{ lowest: number }>('select min(position) as lowest from read_model.checkpoints')).rows[0]!.lowest === position);
  }

  async health(name: App): Promise<any> {
    return (await fetch(`${this.url(name)}/health/ready`)).json();
  }

  async summaryCount(): Promise<number> {
    const { topics: counted } = await (await fetch(`${this.url('api')}/v1/feed/summary`)).json() as { topics: { count: number }[] };
    return counted.reduce((sum, { count }) => sum + count, 0);
  }

  async reconciles(): Promise<boolean> {
    return (await this.reconciliation()).equal;
  }

  /** Whether it has come to the last event of each topic, however many it holds. */
  async reportedToTheEnd(): Promise<boolean> {
    return (await this.reconciliation()).topics.every(({ here, ledger }) => here.lastSequence === ledger.lastSequence);
  }

  private async reconciliation(): Promise<{ equal: boolean; topics: { here: { lastSequence: string }; ledger: { lastSequence: string } }[] }> {
    return (await (await fetch(`${this.url('reporting')}/reports/reconciliation`)).json()) as Awaited<ReturnType<Site['reconciliation']>>;
  }

  async beginAnew(): Promise<void> {
    const client = await this.client('administrator', 'UNCTAD');
    expect(await client.post(`${this.url('reporting')}/reports/rebuild`, {}, randomUUID())).toMatchObject({ status: 202 });
    client.close();
  }

  async client(role: Role, agency: string): Promise<HttpClient> {
    return new HttpClient(await mintLocalToken({ dataDir: folder, role, agency, expiresIn: '1h' }));
  }

  private async withPool<T>(work: (pool: ReturnType<typeof openPool>) => Promise<T>): Promise<T> {
    const pool = openPool(this.databaseUrl, 2);
    return work(pool).finally(() => pool.end());
  }

  private env(): Record<string, string> {
    const urls = Object.fromEntries(apps.map((name) => [`${name.toUpperCase()}_URL`, this.url(name)]));
    return { PATH: process.env['PATH']!, DATA_DIR: folder, DATABASE_URL: this.databaseUrl, KAFKA_BROKERS: broker.brokers.join(','), RATE_LIMIT_PER_SECOND: '100000', ...urls };
  }
}

/** A commitment that was submitted and registered. */
interface Entered {
  key: string;
  id: string;
  /** Of the registration. */
  position: number;
}

/** Clients that submit a commitment, register it, and do it again. */
class Writers {
  readonly accepted: Entered[] = [];
  private stopped = false;

  constructor(private readonly site: Site) {}

  async work(): Promise<void> {
    await Promise.all(Array.from({ length: WRITERS }, async () => {
      while (!this.stopped) await this.enter(randomUUID());
    }));
  }

  stop(): void {
    this.stopped = true;
  }

  async once(): Promise<void> {
    await this.enter(randomUUID());
  }

  /** The same requests with the same keys make the same record, where it is no more and where it still is. */
  async repeat({ key, id }: Entered): Promise<void> {
    expect((await this.enter(key)).id).toBe(id);
  }

  private async enter(key: string): Promise<Entered> {
    const focalPoint = await this.site.client('focal-point', 'UNDESA');
    const approver = await this.site.client('approver', 'UNDESA');
    try {
      const url = `${this.site.url('api')}/v1/commitments`;
      const { status, body: { id } } = await focalPoint.post(url, { lead: 'UNDESA', content: content() }, key);
      expect(status).toBe(201);
      const registered = await approver.post(`${url}/${id}/register`, {}, key, { 'if-match': '"1"' });
      expect(registered.status).toBe(200);
      const entered = { key, id, position: registered.body.position };
      this.accepted.push(entered);
      return entered;
    } finally {
      focalPoint.close();
      approver.close();
    }
  }
}

function publicOf(events: readonly RecordedEvent[]): CloudEvent[] {
  return events.flatMap((event) => published(event) ?? []);
}

function lastPublic(events: readonly RecordedEvent[]): RecordedEvent {
  return events.findLast((event) => published(event) !== undefined)!;
}

function refusalOf(health: { checks: { publisher?: { ok: boolean; detail: string } } }): string | false {
  const { publisher } = health.checks;
  return publisher !== undefined && /lost its end/.test(publisher.detail) && publisher.detail;
}

async function recordsByTopic(): Promise<CloudEvent[][]> {
  return Promise.all(topics.map(async (topic) => (await broker.records(topic)).map(({ value }) => JSON.parse(value) as CloudEvent)));
}

/** Of all records, in the order of the log. */
async function sequences(): Promise<string[]> {
  return (await recordsByTopic()).flat().map(({ sequence }) => sequence).sort();
}

async function expectOrderPerPartition(): Promise<void> {
  for (const topic of topics)
    for (const ofPartition of Map.groupBy(await broker.records(topic), ({ partition }) => partition).values()) {
      const inOrder = ofPartition.map(({ value }) => (JSON.parse(value) as CloudEvent).sequence);
      expect(inOrder).toEqual([...new Set(inOrder)].sort());
    }
}
