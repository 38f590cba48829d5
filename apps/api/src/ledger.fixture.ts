import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { RecordedEvent, Role } from '#domain/event.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { mintLocalToken } from '#platform/auth/local-key.ts';
import { readConfig } from '#platform/config.ts';
import { listen } from '#platform/http-app.ts';
import { openPool } from '#read-model/database.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import { runViews } from '#read-model/run-views.ts';
import { views } from '#read-model/views.ts';
import { testDatabase } from '#testing/postgres.ts';
import { ApiSettings, createApi } from './app.ts';

/** Whose token a request carries: role, agency and, where it matters who it is, the actor's id. */
export type Caller = [role: Role, agency: string, id?: string];

/** The API over HTTP with views that follow, on a database of its own, for tests of queries. */
export interface TestLedger {
  url: string;
  databaseUrl: string;
  api: NestFastifyApplication;
  store: EventStore;
  /** Of the read model. */
  pool: ReturnType<typeof openPool>;
  /** Appends events as they are, in their order, to their streams. */
  record(events: readonly RecordedEvent[]): Promise<void>;
  /** Headers that name the caller, for requests of a test's own. */
  authorization(caller: Caller | undefined): Promise<Record<string, string>>;
  get(path: string, caller?: Caller, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a command; what makes it one, such as Idempotency-Key, is for the caller to say. */
  post(path: string, body: unknown, caller: Caller, headers: Record<string, string>): Promise<Answer>;
  /** Stops the views; what is recorded from then on is in the log alone. */
  stopViews(): Promise<void>;
  stop(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: any;
}

export async function testLedger(history: readonly RecordedEvent[] = []): Promise<TestLedger> {
  const database = await testDatabase();
  await migrateEventLog(database.url);
  await migrateReadModel(database.url);
  const dataDir = await mkdtemp(join(tmpdir(), 'ledger-api-'));
  const store = await openEventStore(database.url);
  const pool = openPool(database.url, 2);
  const stopping = new AbortController();
  const running = runViews({ store, pool, views, signal: stopping.signal });

  const settings = { PORT: '0', DATA_DIR: dataDir, DATABASE_URL: database.url, LOG_LEVEL: 'fatal', RATE_LIMIT_PER_SECOND: '100000' };
  const config = readConfig(ApiSettings, settings);
  const api = await createApi(config);
  const url = await listen(api, config);

  const record = async (events: readonly RecordedEvent[]): Promise<void> => {
    for (const { id, type, data, metadata, stream, revision } of events) {
      const appended = await store.append(stream, revision - 1, [{ id, type, data, metadata }]);
      if (appended.outcome !== 'appended') throw new Error(`${type} in ${stream}: ${appended.outcome}`);
    }
  };
  await record(history);

  const stopViews = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  const authorization = async (caller: Caller | undefined): Promise<Record<string, string>> => {
    if (!caller) return {};
    const [role, agency, id] = caller;
    return { authorization: `Bearer ${await mintLocalToken({ dataDir, role, agency, ...(id !== undefined && { id }), expiresIn: '5 minutes' })}` };
  };
  const send = async (path: string, init: RequestInit, caller?: Caller, headers: Record<string, string> = {}): Promise<Answer> => {
    const response = await fetch(`${url}/v1/${path}`, { ...init, headers: { ...headers, ...(await authorization(caller)) } });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  return {
    url,
    databaseUrl: database.url,
    api,
    store,
    pool,
    record,
    stopViews,
    authorization,
    get: (path, caller, headers) => send(path, {}, caller, headers),
    post: (path, body, caller, headers) => send(path, { method: 'POST', body: JSON.stringify(body) }, caller, { 'content-type': 'application/json', ...headers }),
    async stop() {
      await api.close();
      await stopViews();
      await pool.end();
      await store.close();
      await database.drop();
      await rm(dataDir, { recursive: true });
    },
  };
}
