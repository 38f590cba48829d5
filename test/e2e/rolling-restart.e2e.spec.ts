import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordedEvent } from '#domain/event.ts';
import { root } from '#embedded/apps.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { mintLocalToken } from '#platform/auth/local-key.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import { logOf } from '#testing/given.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { catalogue, content, text } from '#testing/scenes.ts';
import { until } from '#testing/until.ts';
import { startBuiltApp, type BuiltApp } from './built-apps.ts';
import { HttpClient, type HttpAnswer } from './http-client.ts';

const WRITERS = 8;
/** Commands accepted between two steps of the deployment. */
const ENOUGH = 60;

let folder: string;
let database: TestDatabase;
let store: EventStore;
let env: Record<string, string>;
let undo: (() => unknown)[];

beforeEach(async () => {
  undo = [];
  folder = mkdtempSync(join(tmpdir(), 'rolling-'));
  undo.push(() => rmSync(folder, { recursive: true }));
  database = await testDatabase();
  undo.push(() => database.drop());
  await migrateEventLog(database.url);
  await migrateReadModel(database.url);
  store = await openEventStore(database.url);
  undo.push(() => store.close());
  for (const { stream, revision, ...event } of logOf(catalogue)) await store.append(stream, revision - 1, [event]);
  env = { DATA_DIR: folder, DATABASE_URL: database.url, RATE_LIMIT_PER_SECOND: '100000' };
});

afterEach(async () => {
  for (const one of undo.reverse()) await one();
});

test('a build that writes a newer version takes over, one process after the other, under load: nothing is lost, nothing doubled', async () => {
  const next = nextBuild();
  let projector = await start('projector');
  const apis = [await start('api'), await start('api')] as [BuiltApp, BuiltApp];
  const writers = new Writers(apis.map(({ url }) => url), await clients());
  const work = writers.work();
  const more = async () => {
    const sofar = writers.accepted.length;
    await until(() => writers.failure ?? writers.accepted.length >= sofar + ENOUGH, { deadlineMs: 60_000 });
  };

  await more();
  // Who reads goes first: what is written by the next build is unknown to this one's projector.
  projector = await replaced(projector, 'projector', next);
  await more();
  apis[0] = await replaced(apis[0], 'api', next);
  await more();
  await expectOldOneToSendElsewhere(apis);
  apis[1] = await replaced(apis[1], 'api', next);
  await more();
  writers.stop();
  await work;
  expect(writers.failure).toBeUndefined();

  const log = await wholeLog();
  expect(log.map(({ position }) => position)).toEqual(log.map((_, n) => n + 1));
  expect(new Set(log.map(({ metadata }) => metadata.schemaVersion))).toEqual(new Set([1, 2]));
  const byPosition = new Map(log.map((event) => [event.position, event]));
  for (const { answer, record } of writers.accepted) expect(byPosition.get(answer.position)).toMatchObject({ stream: `commitment-${record}`, revision: answer.revision });
  // One event for each command, and for each event of the writers a command that was answered.
  const answered = writers.accepted.map(({ answer }) => answer.position).sort((a, b) => a - b);
  const written = log.filter(({ metadata }) => metadata.actor.id.startsWith('writer-')).map(({ position }) => position);
  expect(answered).toEqual(written);

  for (const accepted of writers.accepted.slice(0, 5)) for (const { url } of apis) expect((await writers.repeat(accepted, url)).body).toEqual(accepted.answer);
  const seen = await (await fetch(`${apis[1].url}/v1/commitments?limit=1&minPosition=${log.at(-1)!.position}`)).json() as { position: number };
  expect(seen.position).toBe(log.at(-1)!.position);
  const health = await (await fetch(`${projector.url}/health/ready`)).json() as { checks: { views: { detail: string } } };
  expect(health.checks.views.detail).toBe('0 events behind');
}, 120_000);

async function start(name: 'api' | 'projector', options: { dist?: string; port?: string } = {}): Promise<BuiltApp> {
  const { dist, port } = options;
  const app = await startBuiltApp(name, { folder, env: { ...env, ...(port !== undefined && { PORT: port }) }, ...(dist !== undefined && { dist }) });
  undo.push(() => app.stop());
  return app;
}

/** As an orchestrator does it: SIGTERM, its end, and the next build at the same address. */
async function replaced(app: BuiltApp, name: 'api' | 'projector', dist: string): Promise<BuiltApp> {
  process.kill(app.pid, 'SIGTERM');
  expect(await app.exited).toBe('exit code 0');
  return start(name, { dist, port: new URL(app.url).port });
}

/** This build, but that what it writes is of the next version, which this one does not read. */
function nextBuild(): string {
  const dist = join(folder, 'next', 'dist');
  symlinkSync(join(root, 'node_modules'), join(mkdirAt(folder, 'next'), 'node_modules'));
  copyFileSync(join(root, 'package.json'), join(folder, 'next', 'package.json'));
  for (const app of ['api', 'projector']) {
    const built = readFileSync(join(root, 'dist', 'apps', app, 'main.js'), 'utf8');
    const parts = built.split('const SCHEMA_VERSION = 1;');
    expect(parts).toHaveLength(2);
    writeFileSync(join(mkdirAt(dist, 'apps', app), 'main.js'), parts.join('const SCHEMA_VERSION = 2;'));
  }
  return dist;
}

function mkdirAt(...path: string[]): string {
  const place = join(...path);
  mkdirSync(place, { recursive: true });
  return place;
}

/** What the newer one wrote, the older one does not touch: it sends the client away, who comes to the newer one. */
async function expectOldOneToSendElsewhere([newer, older]: readonly BuiltApp[]): Promise<void> {
  const client = await clientOf('somebody', 'focal-point');
  const key = randomUUID();
  const made = await client.post(`${newer!.url}/v1/commitments`, { lead: 'UNDESA', content: content() }, key);
  expect(made.status).toBe(201);
  const path = `v1/commitments/${made.body.id}`;
  for (const answer of [await client.get(`${older!.url}/${path}`), await client.post(`${older!.url}/v1/commitments`, { lead: 'UNDESA', content: content() }, key)])
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': expect.any(String) }, body: { code: 'EVENT.TYPE_UNKNOWN' } });
  expect((await client.get(`${newer!.url}/${path}`)).status).toBe(200);
  client.close();
}

async function clientOf(id: string, role: 'focal-point' | 'approver'): Promise<HttpClient> {
  return new HttpClient(await mintLocalToken({ dataDir: folder, role, agency: 'UNDESA', id, expiresIn: '1h' }));
}

interface People {
  focalPoint: HttpClient;
  approver: HttpClient;
}

async function clients(): Promise<People[]> {
  const people = await Promise.all(Array.from({ length: WRITERS }, async (_, n) => ({
    focalPoint: await clientOf(`writer-${n}-focal-point`, 'focal-point'),
    approver: await clientOf(`writer-${n}-approver`, 'approver'),
  })));
  undo.push(() => people.forEach(({ focalPoint, approver }) => [focalPoint, approver].forEach((client) => client.close())));
  return people;
}

interface Command {
  client: HttpClient;
  path: string;
  body: object;
  key: string;
  ifMatch: number | undefined;
}

interface Accepted {
  command: Command;
  /** The commitment's id. */
  record: string;
  answer: { id: string; revision: number; position: number; status: string };
}

/** Writers that send each command, with its key, to one address after the other until one of them answers it. */
class Writers {
  readonly accepted: Accepted[] = [];
  failure: unknown;
  private stopped = false;
  private turn = 0;

  constructor(
    private readonly urls: readonly string[],
    private readonly people: readonly People[],
  ) {}

  async work(): Promise<void> {
    await Promise.all(this.people.map(async (who) => {
      while (!this.stopped && this.failure === undefined) await this.oneCommitment(who).catch((error: unknown) => (this.failure = error));
    }));
  }

  stop(): void {
    this.stopped = true;
  }

  repeat({ command }: Accepted, url: string): Promise<HttpAnswer> {
    return this.send(command, url);
  }

  private async oneCommitment({ focalPoint, approver }: People): Promise<void> {
    const made = await this.give({ client: focalPoint, path: '', body: { lead: 'UNDESA', content: content() } });
    const registered = await this.give({ client: approver, path: `/${made.id}/register`, body: {}, ifMatch: made.revision }, made.id);
    const started = await this.give({ client: approver, path: `/${made.id}/start`, body: {}, ifMatch: registered.revision }, made.id);
    for (let n = 0; n < 3; n += 1) await this.give({ client: focalPoint, path: `/${made.id}/obstacles`, body: { description: text(`Obstacle ${n} since ${started.revision}`) } }, made.id);
  }

  /** @throws Error where it is refused, or nobody answers it */
  private async give(what: Omit<Command, 'key' | 'ifMatch'> & { ifMatch?: number }, record?: string): Promise<Accepted['answer']> {
    const command: Command = { ...what, key: randomUUID(), ifMatch: what.ifMatch };
    const { status, body } = await until(async () => {
      const answer = await this.send(command, this.urls[this.turn++ % this.urls.length]!);
      return answer.status !== 503 && answer;
    }, { deadlineMs: 30_000 });
    if (status > 201) throw new Error(`${command.path} was answered ${status} ${JSON.stringify(body)}`);
    this.accepted.push({ command, record: record ?? body.id, answer: body });
    return body;
  }

  private send({ client, path, body, key, ifMatch }: Command, url: string): Promise<HttpAnswer> {
    return client.post(`${url}/v1/commitments${path}`, body, key, ifMatch === undefined ? {} : { 'if-match': `"${ifMatch}"` });
  }
}

async function wholeLog(): Promise<RecordedEvent[]> {
  const log: RecordedEvent[] = [];
  for (let page = await store.readAll(0, 10_000); page.length > 0; page = await store.readAll(log.at(-1)!.position, 10_000)) log.push(...page);
  return log;
}
