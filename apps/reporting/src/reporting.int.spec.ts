import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { FeedSummary } from '#contracts/feed-summary.ts';
import { published, sequenceOf, topicOf, topics } from '#contracts/published.ts';
import { ActionLineDefined } from '#domain/action-line/define.ts';
import { CommitmentAmended } from '#domain/commitment/approve-amendment.ts';
import { ProgressPublished } from '#domain/commitment/publish-progress.ts';
import { CommitmentRegistered } from '#domain/commitment/register.ts';
import { categoryOf } from '#event-store/event-store.ts';
import { append, type Broker, type Ledger, type RunningPublisher, startBroker, startLedger, startPublisher } from '#messaging/publisher.fixture.ts';
import { mintLocalToken } from '#platform/auth/local-key.ts';
import { until } from '#testing/until.ts';
import { startReporting } from './app.ts';
import { openReportDatabase } from './database.ts';
import { LedgerConsumer } from './ledger-consumer.ts';
import { reportingSettings } from './settings.ts';
import type { ReconciliationAnswer } from './reconciliation.ts';

let broker: Broker;
let ledger: Ledger;
let publisher: RunningPublisher;
let api: Server;
let dataDir: string;
let app: NestFastifyApplication | undefined;

beforeAll(async () => {
  broker = await startBroker();
  dataDir = await mkdtemp(join(tmpdir(), 'reporting-'));
}, 90_000);

afterAll(async () => {
  await broker.stop();
  await rm(dataDir, { recursive: true });
});

beforeEach(async () => {
  ledger = await startLedger();
  publisher = startPublisher(ledger, broker);
  api = createServer((_, response) => void summary().then((body) => response.end(JSON.stringify(body))));
  await new Promise<void>((listening) => api.listen(0, '127.0.0.1', listening));
});

afterEach(async () => {
  await app?.close();
  app = undefined;
  await publisher.stop();
  await new Promise((closed) => api.close(closed));
  await ledger.drop();
  await broker.deleteTopics(...topics);
});

/** What the API answers, worked out from the log. */
async function summary(): Promise<FeedSummary> {
  const events = (await ledger.store.readAll(0, 10_000)).filter((event) => published(event));
  return {
    head: await ledger.store.head(),
    topics: topics.map((topic) => {
      const own = events.filter(({ stream }) => topicOf(categoryOf(stream)) === topic);
      return { topic, count: own.length, lastSequence: own.length > 0 ? sequenceOf(own.at(-1)!.position) : null };
    }),
  };
}

async function start(): Promise<string> {
  const config = reportingSettings.parse({
    PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'fatal', DATABASE_URL: ledger.url, KAFKA_BROKERS: broker.brokers.join(','),
    API_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
  });
  app = await startReporting(config);
  return app.getUrl();
}

async function reconciled(url: string): Promise<ReconciliationAnswer> {
  return until(async () => {
    const answer = (await (await fetch(`${url}/reports/reconciliation`)).json()) as ReconciliationAnswer;
    return answer.equal && answer.topics.some(({ here }) => here.count > 0) && answer;
  }, { deadlineMs: 20_000 });
}

async function csvOf(url: string): Promise<string[]> {
  const response = await fetch(`${url}/reports/action-lines.csv`);
  expect(response.headers.get('content-type')).toContain('text/csv');
  return (await response.text()).trimEnd().split('\r\n');
}

const content = (title: string, actionLines: string[]) => ({
  title: { text: title, language: 'en' }, description: { text: 'x', language: 'en' }, kind: 'programmatic', actionLines, startOn: '2021-01-01',
});
const reliance = { assignment: null, matrixVersions: {}, sdgsOutsideMatrix: [] };

async function register(title: string, ...actionLines: string[]): Promise<string> {
  const id = randomUUID();
  await registerAs(id, title, ...actionLines);
  return id;
}

async function registerAs(id: string, title: string, ...actionLines: string[]): Promise<void> {
  const data = CommitmentRegistered.data.parse({ commitmentId: id, lead: 'UNDP', version: 1, content: content(title, actionLines), reliance });
  await append(ledger, `commitment-${id}`, 'CommitmentRegistered', data);
}

async function publish(id: string, updateId: string, from: string, to: string): Promise<void> {
  const data = ProgressPublished.data.parse({ updateId, version: 1, change: { kind: 'new' }, agency: 'UNDP', content: { from, to, targetVersions: {} } });
  await append(ledger, `commitment-${id}`, 'ProgressPublished', data);
}

/** Two lines, three commitments, of which two have updates. */
async function history(): Promise<void> {
  await append(ledger, 'actionLine-C4', 'ActionLineDefined', ActionLineDefined.data.parse({ code: 'C4', titles: { en: 'Capacity building' } }));
  await append(ledger, 'actionLine-C11', 'ActionLineDefined', ActionLineDefined.data.parse({ code: 'C11', titles: { en: 'Cooperation' } }));
  const labs = await register('Accelerator Labs, worldwide', 'C4', 'C11');
  await append(ledger, `commitment-${labs}`, 'CommitmentStarted');
  await publish(labs, randomUUID(), '2021-01-01', '2021-06-30');
  const retracted = randomUUID();
  await publish(labs, retracted, '2021-07-01', '2021-12-31');
  await append(ledger, `commitment-${labs}`, 'ProgressRetracted', { updateId: retracted, reason: { text: 'x', language: 'en' } });
  await append(ledger, `commitment-${labs}`, 'FindingRaised');
  const kit = await register('Kit', 'C4');
  await publish(kit, randomUUID(), '2021-01-01', '2021-09-30');
  const amended = CommitmentAmended.data.parse({
    version: 2, change: { kind: 'revision', reason: { text: 'x', language: 'en' } }, content: content('=Tool kit', ['C4', 'C9']), reliance,
  });
  await append(ledger, `commitment-${kit}`, 'CommitmentAmended', amended);
  const old = await register('Old', 'C4');
  await append(ledger, `commitment-${old}`, 'CommitmentWithdrawn', { reason: { text: 'x', language: 'en' } });
}

const HEADER = 'actionLine,title,commitments,registered,active,suspended,completionClaimed,closed,withdrawn,superseded,latestUpdateTo,latestUpdateBy,latestUpdateOf';
const REPORT = [
  HEADER,
  "C4,Capacity building,3,1,1,0,0,0,1,0,2021-09-30,UNDP,'=Tool kit",
  "C9,,1,1,0,0,0,0,0,0,2021-09-30,UNDP,'=Tool kit",
  'C11,Cooperation,1,0,1,0,0,0,0,0,2021-06-30,UNDP,"Accelerator Labs, worldwide"',
];

test('from Kafka alone it reports on each action line, and finds itself equal to the ledger', async () => {
  const url = await start();
  await history();
  const { topics: compared } = await reconciled(url);
  expect(compared.map(({ topic, here }) => [topic, here.count])).toEqual([
    ['wsis.actionLine.v1', 2], ['wsis.agency.v1', 0], ['wsis.commitment.v1', 10], ['wsis.indicator.v1', 0],
  ]);
  expect(await csvOf(url)).toEqual(REPORT);
  // A broker that is just starting may refuse the group at first: the client then pauses up to 10 s before it tries again.
  await until(async () => (await fetch(`${url}/health/ready`)).status === 200, { deadlineMs: 25_000 });

  await append(ledger, 'agency-ITU', 'AgencyRenamed');
  await until(async () => ((await (await fetch(`${url}/reports/reconciliation`)).json()) as ReconciliationAnswer).topics[1]!.here.count === 1);
});

test('a commitment that the log has lost and somebody entered again, with the same id, is the same commitment', async () => {
  const url = await start();
  const id = await register('Kit', 'C4');
  await append(ledger, `commitment-${id}`, 'CommitmentStarted');
  await registerAs(id, 'Kit', 'C4', 'C9');
  await reconciled(url);
  expect(await csvOf(url)).toEqual([HEADER, 'C4,,1,1,0,0,0,0,0,0,,,', 'C9,,1,1,0,0,0,0,0,0,,,']);
});

test('it tells where it differs from the ledger', async () => {
  await history();
  const url = await start();
  await reconciled(url);
  await ledger.query("update reporting.partition set count = count - 1 where topic = 'wsis.actionLine.v1' and count > 0");
  const answer = (await (await fetch(`${url}/reports/reconciliation`)).json()) as ReconciliationAnswer;
  expect(answer.equal).toBe(false);
  expect(answer.topics.filter(({ equal }) => !equal).map(({ topic }) => topic)).toEqual(['wsis.actionLine.v1']);
});

test('emptied, it fills again from Kafka; only an administrator may ask for it', async () => {
  await history();
  const url = await start();
  await reconciled(url);
  expect((await fetch(`${url}/reports/rebuild`, { method: 'POST' })).status).toBe(401);
  const reviewer = await mintLocalToken({ dataDir, role: 'reviewer', agency: 'ITU', expiresIn: '5m' });
  expect((await fetch(`${url}/reports/rebuild`, { method: 'POST', headers: { authorization: `Bearer ${reviewer}` } })).status).toBe(403);
  await ledger.query("update reporting.commitment set title = 'spoilt'");

  const administrator = await mintLocalToken({ dataDir, role: 'administrator', agency: 'UNCTAD', expiresIn: '5m' });
  const answer = await fetch(`${url}/reports/rebuild`, { method: 'POST', headers: { authorization: `Bearer ${administrator}` } });
  expect([answer.status, await answer.json()]).toEqual([202, { status: 'rebuilding' }]);
  await reconciled(url);
  expect(await csvOf(url)).toEqual(REPORT);
});

test('emptied behind its back, it fills again at the next record and at the next start', async () => {
  await history();
  const url = await start();
  await reconciled(url);
  await ledger.query('truncate reporting.commitment, reporting.progress_update, reporting.action_line, reporting.partition');
  for (let i = 0; i < 20; i += 1) await append(ledger, `actionLine-C${i}`, 'SdgLinksSet');
  await until(async () => (await ledger.query<{ code: string }>('select code from reporting.action_line')).length === 2);

  await app!.close();
  await ledger.query('truncate reporting.commitment, reporting.progress_update, reporting.action_line, reporting.partition');
  const again = await start();
  await reconciled(again);
  expect(await csvOf(again)).toEqual(REPORT);
});

test('records that come twice change nothing', async () => {
  await history();
  const url = await start();
  await reconciled(url);
  const received = jest.spyOn(app!.get(LedgerConsumer), 'receive');
  const records = await broker.records('wsis.commitment.v1');
  for (const { topic, partition, key, value } of records) await broker.reader.send([{ topic, partition, records: [{ key, value }] }], () => undefined);
  await until(() => received.mock.results.length === records.length);
  await Promise.all(received.mock.results.map(({ value }) => value as Promise<void>));
  await reconciled(url);
  expect(await csvOf(url)).toEqual(REPORT);
});

test('a record that it can not take is not stepped over, and it says so', async () => {
  await history();
  const url = await start();
  await reconciled(url);
  await broker.reader.send([{ topic: 'wsis.agency.v1', partition: 0, records: [{ key: 'x', value: 'no event' }] }], () => undefined);
  const ready = await until(async () => {
    const response = await fetch(`${url}/health/ready`);
    return response.status === 503 && ((await response.json()) as { checks: { topics: { detail: string } } });
  });
  expect(ready.checks.topics.detail).toBe("can't take record 0 of wsis.agency.v1, partition 0");
  expect(await csvOf(url)).toEqual(REPORT);
});

test('while the client is out of the group it is not ready, and where to go on it tells it only once it has joined', async () => {
  await history();
  await reconciled(await start());
  const sought: string[] = [];
  let joined = true;
  const client = Object.assign(new EventEmitter(), {
    seek({ topic, partition, offset }: { topic: string; partition: number; offset: string }) {
      if (!joined) throw new Error('Consumer group was not initialized');
      sought.push(`${topic} ${partition} ${offset}`);
    },
  });
  const consumer = app!.get(LedgerConsumer);
  const ready = async () => (await fetch(`${await app!.getUrl()}/health/ready`)).status === 200;
  await until(ready, { deadlineMs: 25_000 });
  consumer.use(client);

  joined = false;
  client.emit('consumer.stop', { payload: {} });
  expect(await ready()).toBe(false);
  await consumer.rebuild();
  expect(sought).toEqual([]);

  joined = true;
  client.emit('consumer.group_join', { payload: {} });
  await until(ready);
  expect(new Set(sought)).toEqual(new Set(topics.flatMap((topic) => [0, 1, 2, 3, 4, 5].map((partition) => `${topic} ${partition} 0`))));

  client.emit('consumer.crash', { payload: { restart: false, error: new Error('not authorised') } });
  await expect(consumer.ended).rejects.toThrow('not authorised');
});

test('without its database it is not ready, though nothing comes that it would have to keep', async () => {
  const url = await start();
  const isReady = async () => (await fetch(`${url}/health/ready`)).ok;
  await until(isReady, { deadlineMs: 25_000 });
  await publisher.stop();
  const name = new URL(ledger.url).pathname.slice(1);
  // A database keeps nobody out while it is the current one.
  const elsewhere = new pg.Client(process.env.TEST_POSTGRES_URL);
  await elsewhere.connect();
  try {
    await elsewhere.query(`alter database ${name} allow_connections false`);
    await elsewhere.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    await until(async () => !(await isReady()));
  } finally {
    await elsewhere.query(`alter database ${name} allow_connections true`);
    await elsewhere.end();
  }
  await until(isReady);
});

test('while the API is away, reconciliation says so', async () => {
  const url = await start();
  await new Promise((closed) => api.close(closed));
  const response = await fetch(`${url}/reports/reconciliation`);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ code: 'REPORTING.LEDGER_UNAVAILABLE' });
});

test('migrations make exactly the tables that the entities describe, also when run by several at once', async () => {
  const opened = await Promise.all([1, 2, 3].map(() => openReportDatabase(ledger.url)));
  const drift = await opened[0]!.driver.createSchemaBuilder().log();
  await Promise.all(opened.map((dataSource: DataSource) => dataSource.destroy()));
  expect(drift.upQueries.map(({ query }) => query)).toEqual([]);
});
