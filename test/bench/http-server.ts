import { mkdirSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { root, startApp, waitUntilReady } from '#embedded/apps.ts';
import { freePort } from '#embedded/port.ts';
import { startProcess, stopProcess } from '#embedded/process.ts';
import type { BenchContext } from './bench.ts';

/** A process that answers HTTP, with a client for it that keeps its connections. */
export interface HttpServer {
  url: string;
  /** The body of a 200. @throws for any other answer */
  get(path: string): Promise<Buffer>;
  stop(): Promise<void>;
}

/** The API and the bare side of one database. */
export interface Sides {
  api: HttpServer;
  bare: HttpServer;
  stop(): Promise<void>;
}

/** @param name folder of what they log */
export async function startSides(context: BenchContext, url: string, name: string): Promise<Sides> {
  const api = await startApi(context, url, `${name}-api`);
  try {
    const bare = await startBareSelect(context, url, `${name}-bare`);
    return { api, bare, stop: async () => void await Promise.all([api.stop(), bare.stop()]) };
  } catch (error) {
    await api.stop();
    throw error;
  }
}

/** The API as it is built and started, with its own settings but for the limit on requests of one caller. */
export async function startApi(context: BenchContext, url: string, name: string): Promise<HttpServer> {
  const { folder, port, env } = await settingsOf(context, url, name);
  const app = await startApp('api', { dataDir: folder, report: context.say, env });
  return ready(port, () => app.stop());
}

/** `bare-select.ts`, on the same HTTP stack. */
async function startBareSelect(context: BenchContext, url: string, name: string): Promise<HttpServer> {
  const { folder, port, env } = await settingsOf(context, url, name);
  const command = [process.execPath, '--enable-source-maps', '--import', join(import.meta.dirname, '..', 'typescript.mjs'), join(import.meta.dirname, 'bare-select.ts')];
  const server = await startProcess(command, { cwd: root, env, logFile: join(folder, 'log'), onErrorLine: context.say });
  return ready(port, () => stopProcess(server, [['SIGTERM', 20_000], ['SIGKILL', 5_000]]));
}

async function settingsOf({ folder: parent }: BenchContext, url: string, name: string) {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  return { folder, port, env: { ...process.env, DATA_DIR: folder, DATABASE_URL: url, EVENT_STORE_URL: url, PORT: String(port), RATE_LIMIT_PER_SECOND: '1000000' } };
}

async function ready(port: number, stop: () => Promise<void>): Promise<HttpServer> {
  const url = `http://127.0.0.1:${port}`;
  const agent = new Agent({ keepAlive: true });
  try {
    await waitUntilReady('api', url, AbortSignal.timeout(READY_MS_MAX));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    get: (path) => bodyOf(`${url}${path}`, agent),
    async stop() {
      agent.destroy();
      await stop();
    },
  };
}

const READY_MS_MAX = 60_000;

function bodyOf(url: string, agent: Agent): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const read = (response: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const body = Buffer.concat(chunks);
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`${url}: ${response.statusCode} ${body.toString().slice(0, 500)}`));
      });
      response.on('error', reject);
    };
    get(url, { agent }, read).on('error', reject);
  });
}
