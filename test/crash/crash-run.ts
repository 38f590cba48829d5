import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startPostgres } from '#embedded/postgres.ts';
import type { LogKind } from '#event-store/log-url.ts';
import { Dice } from '#testing/dice.ts';
import { asOwner } from '#testing/postgres.ts';
import { until } from '#testing/until.ts';
import { Checks } from './checks.ts';
import { FeedReader } from './feed-reader.ts';
import type { Harm } from './harms.ts';
import { ReadinessWatch } from './readiness-watch.ts';
import { Violation } from './readings.ts';
import { Site } from './site.ts';
import type { Row } from './table.ts';
import { Workload } from './workload.ts';

/** What everything must be ready again within, and a command be accepted, once a harm has ended. */
const RECOVERY_MS_MAX = 10_000;
/** Clients work undisturbed for so long before a harm, at most. */
const CALM_MS_MAX = 1_500;

/** What no log may hold: a token, or a promise that nobody looked after. */
const FORBIDDEN = /\beyJ[\w-]{20}|unhandledRejection|UnhandledPromiseRejection/;

/** The system from start to end, with one harm after the other. */
export class CrashRun {
  readonly folder = mkdtempSync(join(tmpdir(), 'ledger-crash-'));
  readonly rows: Row[] = [];
  private readonly dice: Dice;
  private password = '';
  private stopped = false;
  private readonly servers: { stop(): Promise<void> }[] = [];
  private readonly memory: { app: string; kilobytes: number }[][] = [];

  constructor(private readonly seed: number, private readonly ms: number, private readonly store: LogKind, private readonly wanted: readonly Harm[], private readonly say: (line: string) => void) {
    this.dice = new Dice(seed);
  }

  /** @returns why it failed */
  async toItsEnd(): Promise<Error | undefined> {
    let failure: Error | undefined;
    try {
      const beside = await startPostgres({ dataDir: join(this.folder, 'beside') });
      this.servers.push(beside);
      const site = await Site.start(this.folder, this.store, this.say);
      this.servers.unshift(site);
      await this.drive(site, beside.url).finally(() => site.stop());
      this.checkEnds(site);
    } catch (error) {
      failure = error as Error;
    } finally {
      await this.stop();
    }
    if (failure === undefined) rmSync(this.folder, { recursive: true, force: true });
    return failure;
  }

  /** Stops everything that was started, at any moment. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    for (const server of this.servers) await server.stop();
  }

  private async drive(site: Site, besideUrl: string): Promise<void> {
    this.password = new URL(site.databaseUrl).password;
    const workload = new Workload(site, this.seed);
    await workload.prepare();
    const feed = new FeedReader(site);
    const checks = await Checks.open(site, workload, feed, besideUrl);
    try {
      const end = performance.now() + this.ms;
      const possible = this.wanted.filter((harm) => !harm.needsSmallDisk || site.smallDisk !== undefined);
      for (const left of this.wanted.filter((harm) => !possible.includes(harm))) this.say(`left out, for this machine permits no small disk: ${left.name}`);
      // Each once before any comes again.
      while (performance.now() < end) {
        for (const harm of this.dice.some(possible, possible.length)) {
          if (performance.now() >= end) break;
          await this.oneHarm(harm, site, workload, checks);
        }
      }
      await checks.checkUnchanged();
      const fresh = new URL(besideUrl);
      await asOwner(besideUrl, (client) => client.query('create database fresh'));
      fresh.pathname = '/fresh';
      await checks.checkAgainst(fresh.href);
      this.say(`${checks.events} events; the feed reader connected ${feed.connections} times; put off: ${JSON.stringify(Object.fromEntries(workload.putOff))}`);
    } finally {
      await workload.settle().catch(() => undefined);
      await feed.stop();
      await checks.close();
    }
  }

  private async oneHarm(harm: Harm, site: Site, workload: Workload, checks: Checks): Promise<void> {
    const row = this.rowOf(harm);
    row.times += 1;
    workload.start();
    await delay(this.dice.int(0, CALM_MS_MAX));
    try {
      const watch = new ReadinessWatch(site);
      await harm.run(site, this.dice).finally(() => watch.stop());
      const ended = performance.now();
      if (harm.topic) checks.topicGone(harm.topic);
      await this.recovered(site, workload, ended);
      row.recoveryMs.push(performance.now() - ended);
      await workload.settle();
      const seen = await checks.run(this.dice, harm.repeats ?? 0);
      row.acknowledged += seen.acknowledged;
      row.repeats += seen.repeats;
      this.memory.push(site.apps.flatMap((app) => ({ app: app.id, kilobytes: app.memory() ?? 0 })));
      this.say(`${harm.name}: ${seen.acknowledged} acknowledged, recovered in ${row.recoveryMs.at(-1)!.toFixed(0)} ms${seen.repeats > 0 ? `, ${seen.repeats} records twice in Kafka` : ''}`);
    } catch (error) {
      const { lost = 0, doubled = 0 } = error instanceof Violation ? error.counts : {};
      row.lost += lost;
      row.doubled += doubled;
      throw new Error(`${harm.name}: ${(error as Error).message}`, { cause: (error as Error).cause ?? error });
    }
  }

  /** Everything says that it is ready, and a command is accepted, without anybody's hand. */
  private async recovered(site: Site, workload: Workload, since: number): Promise<void> {
    const notReady = async (): Promise<string[]> => {
      const ready = await Promise.all(site.apps.map((app) => app.isReady()));
      return site.apps.filter((_, index) => !ready[index]).map(({ id }) => id);
    };
    let last: string[] = [];
    try {
      await until(async () => (last = await notReady()).length === 0, { deadlineMs: RECOVERY_MS_MAX, intervalMs: 50 });
    } catch {
      throw new Violation(`not ready within ${RECOVERY_MS_MAX} ms after the harm ended: ${last.join(', ')}`);
    }
    await workload.probe(this.dice);
    if (performance.now() - since > RECOVERY_MS_MAX) throw new Violation(`ready, and yet no command was accepted within ${RECOVERY_MS_MAX} ms`);
  }

  private rowOf(harm: Harm): Row {
    let row = this.rows.find(({ name }) => name === harm.name);
    if (!row) this.rows.push((row = { name: harm.name, times: 0, acknowledged: 0, lost: 0, doubled: 0, repeats: 0, recoveryMs: [] }));
    return row;
  }

  /** What must not be seen of any process in the whole run. */
  private checkEnds(site: Site): void {
    const wrong = site.apps.flatMap(({ wrongExits }) => wrongExits);
    if (wrong.length > 0) throw new Violation(wrong.join('; '));
    for (const file of logFiles(this.folder)) {
      const text = readFileSync(file, 'utf8');
      if (text.includes(this.password)) throw new Violation(`${file} holds the database's password`);
      const [bad] = FORBIDDEN.exec(text) ?? [];
      if (bad) throw new Violation(`${file} holds ${bad}`);
    }
    this.checkMemory();
  }

  /** Of each kind, the second half of the run against the first; a run of few harms tells nothing. */
  private checkMemory(): void {
    if (this.memory.length < 20) return;
    const half = Math.floor(this.memory.length / 2);
    for (const name of new Set(this.memory.flat().map(({ app }) => app.split('-')[0]!))) {
      const median = (some: { app: string; kilobytes: number }[][]) => {
        const sizes = some.flat().filter(({ app }) => app.startsWith(name)).map(({ kilobytes }) => kilobytes).sort((a, b) => a - b);
        return sizes[Math.floor(sizes.length / 2)]!;
      };
      const [before, after] = [median(this.memory.slice(0, half)), median(this.memory.slice(half))];
      this.say(`memory of ${name}: ${Math.round(before / 1_000)} MB in the first half, ${Math.round(after / 1_000)} MB in the second`);
      if (after > before * 1.5 + 50_000) throw new Violation(`${name} grows: from ${before} to ${after} kB`);
    }
  }
}

/** Of every process, and of each of its lives. */
function logFiles(folder: string): string[] {
  // What Kafka calls logs are the topics.
  const segments = join(folder, 'kafka', 'log');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name)).filter((file) => /\.log(\.old)?$/.test(file) && !file.includes(segments) && statSync(file).isFile());
}
