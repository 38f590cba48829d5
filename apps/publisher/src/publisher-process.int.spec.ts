import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { topics } from '#contracts/published.ts';
import { append, appendMany, type Broker, type Ledger, loggedIds, publishedIds, startBroker, startLedger } from '#messaging/publisher.fixture.ts';
import { createHttpApp, listen } from '#platform/http-app.ts';
import { until } from '#testing/until.ts';
import { PublisherModule, publisherSettings } from './publisher.module.ts';
import { PublisherProcess } from './publisher-process.ts';

let broker: Broker;
let ledger: Ledger;
let dataDir: string;
let apps: NestFastifyApplication[];

beforeAll(async () => {
  broker = await startBroker();
  dataDir = await mkdtemp(join(tmpdir(), 'publisher-'));
}, 90_000);

afterAll(async () => {
  await broker.stop();
  await rm(dataDir, { recursive: true });
});

beforeEach(async () => {
  ledger = await startLedger();
  apps = [];
});

afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  await ledger.drop();
  await broker.deleteTopics(...topics);
});

async function start(): Promise<{ app: NestFastifyApplication; url: string }> {
  const config = publisherSettings.parse({
    PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'fatal', DATABASE_URL: ledger.url, EVENT_STORE_URL: ledger.url,
    KAFKA_BROKERS: broker.brokers.join(','),
  });
  const app = await createHttpApp(PublisherModule.of(config), config);
  apps.push(app);
  return { app, url: await listen(app, config) };
}

async function readiness(url: string): Promise<{ status: number; detail: string }> {
  const response = await fetch(`${url}/health/ready`);
  const { checks } = (await response.json()) as { checks: { publisher: { detail: string } } };
  return { status: response.status, detail: checks.publisher.detail };
}

async function metric(url: string, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length));
}

test('publishes, tells that it leads and how far it is, and drains when it stops', async () => {
  const { app, url } = await start();
  await appendMany(ledger, 200, ['agency-UNDP', 'agency-ITU']);
  await until(async () => (await readiness(url)).detail === 'leads; published up to position 200');
  expect((await readiness(url)).status).toBe(200);
  expect(await metric(url, 'publisher_leader')).toBe(1);
  expect(await metric(url, 'publisher_stuck')).toBe(0);
  expect(await metric(url, 'publisher_records_total')).toBe(200);
  expect(await metric(url, 'publisher_sends_total')).toBeGreaterThanOrEqual(1);
  expect(await metric(url, 'publisher_lag_events')).toBe(0);
  expect(await metric(url, 'publisher_lag_seconds')).toBe(0);

  await app.close();
  await app.get(PublisherProcess).ended;
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
});

test('a second process stands by, ready, and takes over', async () => {
  const first = await start();
  await until(async () => (await metric(first.url, 'publisher_leader')) === 1);
  const second = await start();
  await until(async () => (await readiness(second.url)).detail === 'stands by: another process leads');
  expect((await readiness(second.url)).status).toBe(200);
  expect(await metric(second.url, 'publisher_leader')).toBe(0);
  expect(await metric(second.url, 'publisher_lag_events')).toBeUndefined();

  await first.app.close();
  await until(async () => (await metric(second.url, 'publisher_leader')) === 1);
});

test('stopped by an event that it does not know, it stays up to say so, lets another lead, and tells its lag', async () => {
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  await append(ledger, 'agency-UNDP', 'AgencyDissolved');
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  const { app, url } = await start();
  const { status } = await until(async () => {
    const found = await readiness(url);
    return found.detail.includes("(AgencyDissolved in agency-UNDP) at position 2 can't be published: this program does not know the type AgencyDissolved") && found;
  });
  expect(status).toBe(503);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  expect(await metric(url, 'publisher_stuck')).toBe(1);
  expect(await metric(url, 'publisher_refused_event{position="2",stream="agency-UNDP",event_type="AgencyDissolved",error="this program does not know the type AgencyDissolved"}')).toBe(1);
  expect(await metric(url, 'publisher_leader')).toBe(0);
  expect(await metric(url, 'publisher_lag_events')).toBe(2);
  expect(await metric(url, 'publisher_lag_seconds')).toBeGreaterThan(0);
  await app.close();
  await app.get(PublisherProcess).ended;
});

test('an event whose data does not fit its schema stops it too, with everything before it published', async () => {
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  await append(ledger, 'agency-UNDP', 'AgencyRenamed', { names: 'UNDP' });
  const { url } = await start();
  const detail = await until(async () => {
    const found = (await readiness(url)).detail;
    return found.includes("can't be published") && found;
  });
  expect(detail).toContain('(AgencyRenamed in agency-UNDP) at position 2');
  expect(detail).toContain('does not fit the schema of AgencyRenamed: data/names must be an object');
  expect(await publishedIds(broker)).toEqual((await loggedIds(ledger)).slice(0, 1));
});

test('a lost session with PostgreSQL ends it, so that it is started again', async () => {
  const { app, url } = await start();
  await until(async () => (await readiness(url)).status === 200);
  await ledger.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'action-line-publisher' and datname = current_database()");
  await expect(app.get(PublisherProcess).ended).rejects.toThrow("the publisher's session with PostgreSQL is lost");
});
