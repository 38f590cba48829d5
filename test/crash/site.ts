import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AppName, runLedger, startApp, waitUntilReady } from '#embedded/apps.ts';
import { type EmbeddedKafka, startKafka } from '#embedded/kafka.ts';
import { freePort } from '#embedded/port.ts';
import { type EmbeddedPostgres, startPostgres } from '#embedded/postgres.ts';
import { endsWithin } from '#embedded/process.ts';
import { type Stoppable, supervise, type Supervised } from '#embedded/supervise.ts';
import type { LogKind } from '#event-store/log-url.ts';
import type { FaultPoint } from '#platform/fault-point.ts';
import { TcpProxy } from '#testing/tcp-proxy.ts';
import { until } from '#testing/until.ts';
import { type LogServer, startLogServer } from './log-server.ts';

/** How many of each run side by side, so that leadership can move and a load balancer has somewhere to go. */
const sizes: Record<AppName, number> = { api: 2, projector: 2, publisher: 2, reporting: 1 };
const restartPauseMs = 200;
const diskBytes = 3_000_000_000;
const stopMs = 60_000;

/**
 * The whole system as separate processes on this machine, each started again when it ends, as an orchestrator would.
 * The apps reach PostgreSQL, KurrentDB and Kafka through proxies that can lose answers; the tests' own readers go straight.
 */
export class Site {
  readonly apps: App[] = [];
  postgres!: Harmed<EmbeddedPostgres>;
  kafka!: Harmed<EmbeddedKafka>;
  postgresProxy!: TcpProxy;
  kafkaProxy!: TcpProxy;
  /** KurrentDB's server and what stands before it, where the log is there. */
  log: Harmed<LogServer> | undefined;
  logProxy: TcpProxy | undefined;
  /** PostgreSQL's, which can be filled up; undefined where the machine permits none. */
  smallDisk: SmallDisk | undefined;

  /** Of the log itself, not through the proxy. */
  logUrl = '';

  private constructor(readonly folder: string, readonly store: LogKind, private readonly say: (line: string) => void) {}

  static async start(folder: string, store: LogKind, say: (line: string) => void): Promise<Site> {
    const site = new Site(folder, store, say);
    try {
      await site.startServers();
      await runLedger(['migrate'], site.env(), AbortSignal.timeout(60_000));
      for (const [name, count] of Object.entries(sizes) as [AppName, number][])
        for (let n = 1; n <= count; n += 1) site.apps.push(await App.start(site, name, n, await freePort()));
      await Promise.all(site.apps.map((app) => waitUntilReady(app.name, app.url, AbortSignal.timeout(60_000))));
      return site;
    } catch (error) {
      await site.stop();
      throw error;
    }
  }

  /** URL of the database, not through the proxy. */
  get databaseUrl(): string {
    return this.postgres.server().url;
  }

  /** Of the broker, through the proxy: it tells every client to come that way. */
  get brokers(): string[] {
    return [`127.0.0.1:${this.kafkaProxy.port}`];
  }

  get dataDir(): string {
    return join(this.folder, 'data');
  }

  of(name: AppName): App[] {
    return this.apps.filter((app) => app.name === name);
  }

  /** What every app gets. */
  env(): NodeJS.ProcessEnv {
    const url = new URL(this.databaseUrl);
    url.port = String(this.postgresProxy.port);
    return {
      PATH: process.env.PATH, NODE_ENV: 'test', DATA_DIR: this.dataDir, DATABASE_URL: url.href,
      EVENT_STORE_URL: this.logProxy ? kurrentDbUrl(this.logProxy.port) : url.href,
      KAFKA_BROKERS: this.brokers.join(','), RATE_LIMIT_PER_SECOND: '100000',
      ...Object.fromEntries((Object.keys(sizes) as AppName[]).flatMap((name) => this.of(name).slice(0, 1).map(({ url: at }) => [`${name.toUpperCase()}_URL`, at]))),
    };
  }

  /** Starts with the fault armed, all of that kind at once: who leads, or locks first, comes to it first. */
  async arm(name: AppName, point: FaultPoint, countdown: number): Promise<void> {
    await Promise.all(this.of(name).map((app) => app.restart({ FAULT_POINT: `${point}:${countdown}` })));
  }

  /** May be called again. */
  async stop(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.stop()));
    await this.kafka?.stop();
    await this.log?.stop();
    await this.postgres?.stop();
    await Promise.all([this.postgresProxy?.close(), this.kafkaProxy?.close(), this.logProxy?.close()]);
    this.smallDisk?.unmount(join(this.folder, 'postgres.log'));
    this.smallDisk = undefined;
  }

  private async startServers(): Promise<void> {
    mkdirSync(this.dataDir, { recursive: true });
    const postgresData = join(this.folder, 'postgres');
    mkdirSync(postgresData, { recursive: true });
    this.smallDisk = SmallDisk.mount(postgresData);
    let postgresPort: number | undefined;
    this.postgres = await Harmed.start('postgres', this.say, async () => {
      const server = await startPostgres({ dataDir: postgresData, port: postgresPort });
      postgresPort = server.port;
      return server;
    });
    this.postgresProxy = await TcpProxy.listen(() => postgresPort!, isAppend);
    this.logUrl = this.databaseUrl;
    if (this.store === 'KurrentDB') await this.startLogServer();
    const kafkaPort = await freePort();
    this.kafkaProxy = await TcpProxy.listen(() => kafkaPort, isProduce);
    this.kafka = await Harmed.start('kafka', this.say, async () => {
      const server = await startKafka({ dataDir: join(this.folder, 'kafka'), port: kafkaPort, advertisedPort: this.kafkaProxy.port });
      if ('missing' in server) throw new Error(server.missing);
      return server;
    });
  }

  private async startLogServer(): Promise<void> {
    const port = await freePort();
    this.log = await Harmed.start('log', this.say, () => startLogServer(this.folder, port));
    this.logProxy = await TcpProxy.listen(() => port, isAppendToKurrentDb);
    this.logUrl = kurrentDbUrl(port);
  }
}

function kurrentDbUrl(port: number): string {
  return `kurrentdb://127.0.0.1:${port}?tls=false`;
}

/** What is appended carries its metadata as JSON; what asks to read has none. */
function isAppendToKurrentDb(bytes: Buffer): boolean {
  return bytes.includes('"commandId"');
}

/** A frame of Kafka's begins with its length (4 bytes) and its kind (2 bytes), which is 0 for a request to produce. */
function isProduce(bytes: Buffer): boolean {
  return bytes.length > 6 && bytes.readInt16BE(4) === 0;
}

/** The name of the prepared statement is in each message that runs it. */
function isAppend(bytes: Buffer): boolean {
  return bytes.includes('append_');
}

/** A server that is started again when it ends, unless it is held down. */
export class Harmed<Server extends Stoppable> {
  private held: PromiseWithResolvers<void> | undefined;
  private supervised!: Supervised<Server>;
  /** How each life ended, the latest last. */
  readonly ends: string[] = [];
  private lives = 0;

  static async start<Server extends Stoppable>(name: string, say: (line: string) => void, start: () => Promise<Server>): Promise<Harmed<Server>> {
    const harmed = new Harmed<Server>();
    const live = async (): Promise<Server> => {
      await harmed.held?.promise;
      const server = await start();
      harmed.lives += 1;
      void server.exited.then((how) => harmed.ends.push(how));
      return server;
    };
    // What has lived at all is started again after the same pause each time, for as long as the run takes.
    harmed.supervised = await supervise(name, live, { report: () => undefined, giveUp: (reason) => say(reason), restartsMax: 1_000, settledMs: 0, pauseMs: restartPauseMs });
    return harmed;
  }

  server(): Server {
    return this.supervised.server();
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.server().pid, signal);
  }

  /** Ends it, and waits until it has; it is started again unless it is held. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const { exited, pid } = this.server();
    // It may have ended by itself a moment ago.
    if (!(await endsWithin(exited, 0))) process.kill(pid, signal);
    if (!(await endsWithin(exited, stopMs))) throw new Error(`process ${pid} does not end on ${signal}`);
  }

  /** Keeps it from being started again until `release`. */
  hold(): void {
    this.held ??= Promise.withResolvers();
  }

  release(): void {
    this.held?.resolve();
    this.held = undefined;
  }

  get count(): number {
    return this.lives;
  }

  /** Waits until it lives again after an end. */
  async isBack(): Promise<void> {
    await until(() => this.lives > this.ends.length, { deadlineMs: stopMs });
  }

  async stop(): Promise<void> {
    this.release();
    await this.supervised.stop();
  }
}

/** One process of ours. */
export class App {
  private process!: Harmed<Stoppable>;
  private extra: NodeJS.ProcessEnv = {};
  /** It lives with a fault that it has not come to. */
  armed = false;
  private terminated = false;
  /** Exits that nobody should see: 0 without having been asked. */
  readonly wrongExits: string[] = [];

  private constructor(readonly name: AppName, readonly number: number, private readonly port: number) {}

  static async start(site: Site, name: AppName, number: number, port: number): Promise<App> {
    const app = new App(name, number, port);
    let lives = 0;
    app.process = await Harmed.start(app.id, () => undefined, async () => {
      lives += 1;
      app.terminated = false;
      const { extra } = app;
      app.extra = {};
      app.armed = extra['FAULT_POINT'] !== undefined;
      const server = await startApp(name, {
        dataDir: join(site.folder, app.id, String(lives)), env: { ...site.env(), PORT: String(port), ...extra }, report: () => undefined,
      });
      void server.exited.then((how) => {
        app.armed = false;
        if (how === 'exit code 0' && !app.terminated) app.wrongExits.push(`${app.id} ended with exit code 0 by itself, in its life ${lives}`);
      });
      return server;
    });
    return app;
  }

  /** `api-1` */
  get id(): string {
    return `${this.name}-${this.number}`;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.process.server().pid;
  }

  get lives(): number {
    return this.process.count;
  }

  /** How its lives ended, the latest last. */
  get ends(): readonly string[] {
    return this.process.ends;
  }

  signal(signal: NodeJS.Signals): void {
    this.process.signal(signal);
  }

  async kill(): Promise<void> {
    await this.process.end('SIGKILL');
  }

  /** Stops it as a deployment would; it comes back with these variables, for one life. */
  async restart(extra: NodeJS.ProcessEnv = {}): Promise<void> {
    const { lives } = this;
    this.extra = extra;
    this.terminated = true;
    await this.process.end('SIGTERM');
    await until(() => this.lives > lives, { deadlineMs: 30_000 });
  }

  /** In kilobytes; undefined while it is not there. */
  memory(): number | undefined {
    const file = `/proc/${this.pid}/status`;
    const [, kilobytes] = existsSync(file) ? /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(file, 'utf8')) ?? [] : [];
    return kilobytes === undefined ? undefined : Number(kilobytes);
  }

  async isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(3_000) });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  async stop(): Promise<void> {
    this.terminated = true;
    await this.process.stop();
  }
}

/** A variable for NODE_OPTIONS that sets a process's clock. */
export function withClock(offsetMs: number): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'clock.mjs')).href}`, CLOCK_OFFSET_MS: String(offsetMs) };
}

/** PostgreSQL's folder on a file system of its own, in memory, which needs root and Linux. */
class SmallDisk {
  private constructor(private readonly folder: string) {}

  static mount(folder: string): SmallDisk | undefined {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes},mode=0700`, 'tmpfs', folder], { stdio: 'ignore' });
      return new SmallDisk(folder);
    } catch {
      return undefined;
    }
  }

  /** By making it as small as what it holds. */
  fill(): void {
    const { blocks, bfree, bsize } = statfsSync(this.folder);
    this.resize((blocks - bfree) * bsize);
  }

  makeRoom(): void {
    this.resize(diskBytes);
  }

  /** @param logFile where the server's log is kept */
  unmount(logFile: string): void {
    copyFileSync(join(this.folder, 'postgres.log'), logFile);
    execFileSync('umount', ['--lazy', this.folder]);
  }

  private resize(bytes: number): void {
    execFileSync('mount', ['-o', `remount,size=${bytes}`, this.folder]);
  }
}
