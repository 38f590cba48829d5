import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApi, type ApiSettings } from '../../apps/api/src/app.ts';
import { ProjectorModule } from '../../apps/projector/src/projector.module.ts';
import type { Role } from '#domain/event.ts';
import { migrateLog } from '#event-store/log-owner.ts';
import type { LogKind } from '#event-store/log-url.ts';
import { KurrentDbDouble } from '#kurrentdb-double/kurrentdb-double.ts';
import { mintLocalToken } from '#platform/auth/local-key.ts';
import { createHttpApp, listen } from '#platform/http-app.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import { views } from '#read-model/views.ts';
import { testDatabase } from '#testing/postgres.ts';

/** API and projector as they ship, on a database of their own, reached over real HTTP. */
export interface Ledger {
  /** `http://127.0.0.1:...` */
  url: string;
  databaseUrl: string;
  dataDir: string;
  /** As the apps got them; every port is a free one. */
  settings: ApiSettings;
  api: NestFastifyApplication;
  /** Somebody with a token; the same agency and role is the same person unless `id` tells otherwise. */
  as(role: Role, agency: string, id?: string): Promise<Client>;
  anyone: Client;
  stop(): Promise<void>;
}

export interface Answer<Body = any> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface PostOptions {
  /** Revision of If-Match. */
  ifMatch?: number;
  /** Idempotency-Key; a new one unless given. */
  key?: string;
}

export interface Client {
  token: string | undefined;
  /** Path below /v1, such as `commitments/{id}/register`. */
  post(path: string, body?: unknown, options?: PostOptions): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
}

/** The stores that can keep the log; the views are in PostgreSQL always. */
export const stores: readonly LogKind[] = ['PostgreSQL', 'KurrentDB'];

export async function startLedger(store: LogKind = 'PostgreSQL'): Promise<Ledger> {
  const database = await testDatabase();
  const double = store === 'KurrentDB' ? await KurrentDbDouble.start() : undefined;
  const logUrl = double?.url ?? database.url;
  const dataDir = await mkdtemp(join(tmpdir(), 'ledger-e2e-'));
  await migrateLog(logUrl);
  await migrateReadModel(database.url);
  const settings: ApiSettings = {
    PORT: 0,
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    NODE_ENV: 'test',
    RATE_LIMIT_PER_SECOND: 100_000,
    LOG_LEVEL: 'fatal',
    DATABASE_URL: database.url,
    EVENT_STORE_URL: logUrl,
  };
  const api = await createApi(settings);
  const url = await listen(api, settings);
  const projector = await createHttpApp(ProjectorModule.of(settings, views), settings);
  await listen(projector, settings);
  return {
    url,
    databaseUrl: database.url,
    dataDir,
    settings,
    api,
    as: async (role, agency, id) => client(url, await mintLocalToken({ dataDir, role, agency, id, expiresIn: '1h' })),
    anyone: client(url, undefined),
    async stop() {
      await api.close();
      await projector.close();
      await database.drop();
      await double?.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}

function client(url: string, token: string | undefined): Client {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const send = async (path: string, init: RequestInit): Promise<Answer> => {
    const answer = await fetch(`${url}/v1/${path}`, { ...init, headers: { ...authorization, ...init.headers } });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  return {
    token,
    get: (path, headers = {}) => send(path, { headers }),
    post: (path, body = {}, { ifMatch, key = randomUUID() } = {}) =>
      send(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: {
          'content-type': 'application/json',
          'idempotency-key': key,
          ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
        },
      }),
  };
}
