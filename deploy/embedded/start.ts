// What `npm start` runs: everything on this machine, from one terminal. README.md lists the settings.
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { mintLocalToken } from '#platform/auth/local-key.ts';
import {
  ConfigError, DATABASE_URL, DATA_DIR, EVENT_STORE_URL, HOST, KAFKA_BROKERS, NODE_ENV, OIDC_AUDIENCE, OIDC_ISSUER, PORT, RATE_LIMIT_PER_SECOND, readConfig, TRUST_PROXY, LOG_LEVEL,
} from '#platform/config.ts';
import { appNames, root, runLedger, startApp, stopLeftoverApps, waitUntilReady } from './apps.ts';
import type { AppName } from './apps.ts';
import { startKafka, stopLeftoverKafka } from './kafka.ts';
import type { EmbeddedKafka } from './kafka.ts';
import { isFree } from './port.ts';
import { startPostgres, stopLeftoverPostgres } from './postgres.ts';
import { commandLineOf } from './process.ts';
import { supervise } from './supervise.ts';
import type { Stoppable, Supervised } from './supervise.ts';

/** Each app takes a port of its own, from PORT on. */
const portMax = 65_536 - appNames.length;

const Settings = z.object({
  PORT: PORT.refine((port) => port >= 1 && port <= portMax, `must be 1 to ${portMax}: the next ports are taken as well`), HOST, DATA_DIR, NODE_ENV,
  DATABASE_URL: DATABASE_URL.optional(),
  EVENT_STORE_URL: EVENT_STORE_URL.optional(),
  KAFKA_BROKERS: KAFKA_BROKERS.optional(),
  OIDC_ISSUER, OIDC_AUDIENCE, RATE_LIMIT_PER_SECOND, TRUST_PROXY, LOG_LEVEL,
// Also where other settings are wrong: all are told at once.
}).refine((settings) => !settings.OIDC_ISSUER || settings.OIDC_AUDIENCE, { path: ['OIDC_AUDIENCE'], message: 'is required with OIDC_ISSUER', when: () => true })
  .refine((settings) => settings.NODE_ENV !== 'production' || settings.OIDC_ISSUER, { path: ['OIDC_ISSUER'], message: 'is required in production', when: () => true });
type Settings = z.output<typeof Settings>;

/**
 * One for each role, of agencies that are in the data; a reviewer must not belong to a party. Of the secretariat two
 * members: what one transcribes, another approves.
 */
const demoTokens = [
  ['administrator', 'UNCTAD'], ['focal-point', 'ITU'], ['approver', 'ITU'], ['reviewer', 'UNESCO'],
  ['secretariat', 'UNCTAD', 'cstd-secretariat-1'], ['secretariat', 'UNCTAD', 'cstd-secretariat-2'],
] as const;

const startedAt = Date.now();
/** Aborts, with the reason, when everything is to be stopped. */
const stopping = new AbortController();
/** What runs, in the order in which it was started. */
const running: Supervised[] = [];
/** What apps complain of while the others are not there yet: told only when the start fails. Undefined once it did not. */
let heldBack: string[] | undefined = [];

process.exitCode = await main();

async function main(): Promise<number> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort(signal));
  let release = (): void => undefined;
  try {
    const settings = readConfig(Settings);
    const dataDir = resolve(settings.DATA_DIR);
    release = claim(dataDir);
    await stopLeftovers(dataDir);
    await checkPorts(settings.PORT);
    await startEverything(settings, dataDir);
    await new Promise((end) => {
      stopping.signal.addEventListener('abort', end, { once: true });
      if (stopping.signal.aborted) end(undefined);
    });
  } catch (error) {
    if (!stopping.signal.aborted) stopping.abort(error);
  }
  const { reason } = stopping.signal as { reason: unknown };
  if (reason instanceof Error) heldBack?.forEach(say);
  if (reason instanceof Error) say(reason instanceof ConfigError ? reason.message : `error: ${reason.message}`);
  else say(`${String(reason)}: stopping ...`);
  const clean = await stopEverything();
  release();
  return reason instanceof Error || !clean ? 1 : 0;
}

/** One launcher per data folder; gives what releases it. */
function claim(dataDir: string): () => void {
  mkdirSync(join(dataDir, 'run'), { recursive: true });
  const file = join(dataDir, 'run', 'launcher.pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (pid > 0 && pid !== process.pid && commandLineOf(pid).includes('embedded/start.ts')) {
    throw new ConfigError([{ variable: 'DATA_DIR', rule: `${dataDir} is in use: process ${pid} runs there` }]);
  }
  rmSync(file, { force: true });
  // Fails where another launcher did the same a moment ago.
  const handle = openSync(file, 'wx');
  writeSync(handle, `${process.pid}\n`);
  closeSync(handle);
  return () => rmSync(file, { force: true });
}

/** What an earlier launcher could not stop because it was killed. */
async function stopLeftovers(dataDir: string): Promise<void> {
  await stopLeftoverApps(dataDir);
  await stopLeftoverKafka(join(dataDir, 'kafka'));
  await stopLeftoverPostgres(join(dataDir, 'postgres'));
}

async function checkPorts(first: number): Promise<void> {
  for (const [index, name] of appNames.entries()) {
    if (await isFree(first + index)) continue;
    throw new ConfigError([{ variable: 'PORT', rule: `port ${first + index}, for ${name}, is taken by another program; `
      + `set PORT to the first of ${appNames.length} free ones` }]);
  }
}

async function startEverything(settings: Settings, dataDir: string): Promise<void> {
  const [databaseUrl, brokers] = await all([database(settings, dataDir), broker(settings, dataDir)]);
  stopping.signal.throwIfAborted();
  const names = appNames.filter((name) => brokers !== undefined || (name !== 'publisher' && name !== 'reporting'));
  const env = environment(settings, dataDir, databaseUrl, brokers, names);
  await runLedger(['migrate'], env, stopping.signal);
  stopping.signal.throwIfAborted();
  await all(names.map((name) => keep(name, () => startApp(name, { dataDir, report: complain, env: { ...env, PORT: String(portOf(settings, name)) } }))));
  await all(names.map((name) => waitUntilReady(name, urlOf(settings, name), stopping.signal)));
  heldBack = undefined;
  const local = settings.OIDC_ISSUER === undefined && settings.NODE_ENV !== 'production';
  if (local) await importOnce(dataDir, env);
  else say('tokens come from elsewhere, so no records were imported: see LEDGER_TOKEN_ENTERS in README.md');

  const url = urlOf(settings, 'api');
  say(`ready: ${url}`);
  say(`docs:  ${url}/docs`);
  if (brokers !== undefined) say(`report: ${urlOf(settings, 'reporting')}/reports/action-lines.csv`);
  if (local) {
    say('demo tokens, one per role:');
    for (const [role, agency, id = `${agency}-${role}`] of demoTokens) {
      say(`  ${role} of ${agency} (${id}): ${await mintLocalToken({ dataDir, role, agency, id, expiresIn: '30 days' })}`);
    }
  }
  say(`try:   curl '${url}/v1/commitments?limit=3'`);
  say(`(${((Date.now() - startedAt) / 1000).toFixed(1)} s; logs are in ${join(dataDir, 'logs')}; Ctrl-C stops everything)`);
}

/** As Promise.all, but waits for all even when one fails: nothing may be started after everything was stopped. */
async function all<T extends readonly unknown[]>(starts: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  await Promise.allSettled(starts);
  return Promise.all(starts) as Promise<unknown> as Promise<T>;
}

/** A database that is given is somebody else's to run. */
async function database(settings: Settings, dataDir: string): Promise<string> {
  if (settings.DATABASE_URL !== undefined) return settings.DATABASE_URL;
  // Once the apps know the port, a restart has to take the same one.
  let port: number | undefined;
  const postgres = await keep('postgres', async () => {
    const server = await startPostgres({ dataDir: join(dataDir, 'postgres'), port });
    port = server.port;
    return server;
  });
  return postgres.url;
}

async function broker(settings: Settings, dataDir: string): Promise<string | undefined> {
  if (settings.KAFKA_BROKERS !== undefined) return settings.KAFKA_BROKERS.join(',');
  const first = await startKafka({ dataDir: join(dataDir, 'kafka') });
  if ('missing' in first) {
    say(`no Kafka: ${first.missing}. Running without publisher and reporting; set KAFKA_BROKERS, or install Java 17 and Maven`);
    return undefined;
  }
  const port = Number(first.brokers[0]?.split(':')[1]);
  let next: EmbeddedKafka | undefined = first;
  const kafka = await keep('kafka', async () => {
    const server = next ?? await startKafka({ dataDir: join(dataDir, 'kafka'), port });
    next = undefined;
    if ('missing' in server) throw new Error(server.missing);
    return server;
  });
  return kafka.brokers.join(',');
}

/** Starts a server and keeps it running; when that fails too often, everything is stopped. */
async function keep<Server extends Stoppable>(name: string, start: () => Promise<Server>): Promise<Server> {
  const supervised = await supervise(name, start, {
    report: say,
    giveUp: (reason) => stopping.abort(new Error(`${reason}; stopping everything`)),
  });
  running.push(supervised);
  return supervised.server();
}

/** What every process gets; kept for `npm run ledger` as well, in a file that only its owner reads: it has a password. */
function environment(
  settings: Settings, dataDir: string, databaseUrl: string, brokers: string | undefined, names: readonly AppName[],
): NodeJS.ProcessEnv {
  const here = {
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    EVENT_STORE_URL: settings.EVENT_STORE_URL ?? databaseUrl,
    ...(brokers === undefined ? {} : { KAFKA_BROKERS: brokers }),
    ...Object.fromEntries(names.map((name) => [`${name.toUpperCase()}_URL`, urlOf(settings, name)])),
  };
  const file = join(dataDir, 'ledger.env');
  rmSync(file, { force: true });
  writeFileSync(file, Object.entries(here).map(([name, value]) => `${name}=${value}\n`).join(''), { mode: 0o600 });
  return { ...process.env, ...here };
}

/** The records that come with the ledger, on the first run; again after one that was broken off, since a repeat changes nothing. */
async function importOnce(dataDir: string, env: NodeJS.ProcessEnv): Promise<void> {
  const marker = join(dataDir, 'imported');
  const data = join(root, 'deploy', 'data');
  if (existsSync(marker) || !existsSync(data) || readdirSync(data).length === 0) return;
  say('importing the records of the source documents ...');
  const log = join(dataDir, 'logs', 'import.log');
  try {
    writeFileSync(log, await runLedger(['import', data, '--json'], env, stopping.signal));
    writeFileSync(marker, `${new Date().toISOString()}\n`);
  } catch (error) {
    stopping.signal.throwIfAborted();
    writeFileSync(log, (error as Error).message);
    say(`the import is not complete, see ${log}; it is tried again at the next start`);
  }
}

function portOf(settings: Settings, name: AppName): number {
  return settings.PORT + appNames.indexOf(name);
}

/** An app that listens on every address is asked on this machine's own. */
function urlOf(settings: Settings, name: AppName): string {
  const host = ['0.0.0.0', '::'].includes(settings.HOST) ? '127.0.0.1' : settings.HOST;
  return `http://${host}:${portOf(settings, name)}`;
}

/** In the order in which nothing is cut off: who takes commands first, who stores them last. True when all went well. */
async function stopEverything(): Promise<boolean> {
  let clean = true;
  for (const name of ['api', 'reporting', 'publisher', 'projector', 'kafka', 'postgres']) {
    try {
      await running.find((supervised) => supervised.name === name)?.stop();
    } catch (error) {
      say(`${name}: ${(error as Error).message}`);
      clean = false;
    }
  }
  return clean;
}

function complain(line: string): void {
  if (heldBack === undefined) say(line);
  else heldBack.push(line);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
