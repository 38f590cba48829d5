import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { COMMANDS_MAX } from '../../apps/api/src/commands/commands-at-work.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { mintLocalToken } from '#platform/auth/local-key.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import { logOf } from '#testing/given.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { catalogue, content } from '#testing/scenes.ts';
import { until } from '#testing/until.ts';
import { startBuiltApp, type BuiltApp } from './built-apps.ts';
import { HttpClient, type HttpAnswer } from './http-client.ts';

/** Four times as many as have their command at work at once. */
const CLIENTS = 4 * COMMANDS_MAX;
const ACTORS = 32;
/** So often a client comes back at once, before it begins to wait as it is told. */
const RUDE_ATTEMPTS = 5;
const ATTEMPTS_MAX = 100;
/** Where it needed more it would end: twice what it takes. */
const HEAP_MIB = 256;
const RESIDENT_MAX = 512 * 1024 * 1024;

let folder: string;
let database: TestDatabase;
let store: EventStore;
let api: BuiltApp;
let clients: HttpClient[];
let undo: (() => unknown)[];

beforeEach(async () => {
  undo = [];
  folder = mkdtempSync(join(tmpdir(), 'overload-'));
  undo.push(() => rmSync(folder, { recursive: true }));
  database = await testDatabase();
  undo.push(() => database.drop());
  await migrateEventLog(database.url);
  await migrateReadModel(database.url);
  api = await startBuiltApp('api', { folder, env: { DATA_DIR: folder, DATABASE_URL: database.url, RATE_LIMIT_PER_SECOND: '1000', NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` } });
  undo.push(() => api.stop());
  store = await openEventStore(database.url);
  undo.push(() => store.close());
  for (const { stream, revision, ...event } of logOf(catalogue)) await store.append(stream, revision - 1, [event]);
  const tokens = await Promise.all(Array.from({ length: ACTORS }, (_, n) =>
    mintLocalToken({ dataDir: folder, role: 'focal-point', agency: 'UNDESA', id: `focal-point-${n}`, expiresIn: '1h' })));
  clients = Array.from({ length: CLIENTS }, (_, n) => new HttpClient(tokens[n % ACTORS]!));
  undo.push(() => clients.forEach((client) => client.close()));
});

afterEach(async () => {
  for (const one of undo.reverse()) await one();
});

test('four times the clients it can serve: it turns away what would wait too long, and loses nothing that it accepted', async () => {
  const refusals: HttpAnswer[] = [];
  const atWork: number[] = [];
  const wave = async () => {
    const looking = new AbortController();
    const looks = lookOn(looking.signal, async () => atWork.push(await metric('ledger_commands_at_work')));
    const ids = await Promise.all(clients.map((client) => submitUntilAccepted(client, refusals)));
    looking.abort();
    await looks;
    return ids;
  };
  const accepted = [...await wave(), ...await wave()];

  expect(refusals.length).toBeGreaterThan(0);
  expectComeBackLater(refusals);
  expect(Math.max(...atWork)).toBeLessThanOrEqual(COMMANDS_MAX);
  expect(await submitted()).toEqual(accepted.sort());
  // Of a heap that may not grow further it never needed more.
  expect(await metric('process_resident_memory_bytes')).toBeLessThan(RESIDENT_MAX);
}, 120_000);

test('queries beyond what it can serve are turned away as well', async () => {
  const answers = await Promise.all(clients.map((client) => client.get(`${api.url}/v1/progress-matrix`)));
  const refusals = answers.filter(({ status }) => status !== 200);
  expectComeBackLater(refusals);
  expect(refusals.length).toBeLessThan(CLIENTS);
}, 60_000);

test('SIGTERM under load: every accepted command is answered, and it ends well', async () => {
  const answered: string[] = [];
  const working = clients.slice(0, COMMANDS_MAX).map(async (client) => {
    while (true) {
      const answer = await submit(client, randomUUID()).catch(() => undefined);
      // Gone: with it the connection, or the port.
      if (answer === undefined) return;
      if (answer.status === 201) answered.push(answer.body.id);
    }
  });
  await until(() => answered.length > 2 * COMMANDS_MAX, { deadlineMs: 30_000 });
  process.kill(api.pid, 'SIGTERM');
  expect(await api.exited).toBe('exit code 0');
  await Promise.all(working);
  expect(await submitted()).toEqual(answered.sort());
}, 60_000);

/** Nothing else is ever said to a client that came at a bad time. A slow machine may be late with its connections. */
function expectComeBackLater(refusals: readonly HttpAnswer[]): void {
  for (const { status, headers, body } of refusals) {
    expect(['429 REQUEST.RATE_LIMITED', '503 SERVICE.BUSY', '503 EVENT_STORE.UNAVAILABLE', '503 DATABASE.UNAVAILABLE']).toContain(`${status} ${body.code}`);
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
  }
}

/** As a client does: the same command with the same key, until it is accepted. @returns its id */
async function submitUntilAccepted(client: HttpClient, refusals: HttpAnswer[]): Promise<string> {
  const key = randomUUID();
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const answer = await submit(client, key);
    if (answer.status === 201) return answer.body.id;
    refusals.push(answer);
    if (attempt >= RUDE_ATTEMPTS) await delay(Number(answer.headers['retry-after']) * 1_000);
  }
  throw new Error(`not accepted in ${ATTEMPTS_MAX} attempts`);
}

function submit(client: HttpClient, key: string): Promise<HttpAnswer> {
  return client.post(`${api.url}/v1/commitments`, { lead: 'UNDESA', content: content() }, key);
}

/** Ids of the commitments in the log, in order; as often as they were submitted. */
async function submitted(): Promise<string[]> {
  const ids: string[] = [];
  for (let after = 0; ;) {
    const events = await store.readAll(after, 10_000);
    if (events.length === 0) return ids.sort();
    ids.push(...events.filter(({ type }) => type === 'CommitmentSubmitted').map(({ stream }) => stream.slice('commitment-'.length)));
    after = events.at(-1)!.position;
  }
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${api.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)![1]);
}

async function lookOn(signal: AbortSignal, look: () => Promise<unknown>): Promise<void> {
  while (!signal.aborted) await look();
}
