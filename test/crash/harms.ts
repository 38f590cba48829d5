import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import pg from 'pg';
import { topics } from '#contracts/published.ts';
import { type AppName, runLedger } from '#embedded/apps.ts';
import type { LogKind } from '#event-store/log-url.ts';
import { EVENTS_MAX } from '#messaging/publisher.ts';
import type { Outcome } from '#embedded/process.ts';
import type { FaultPoint } from '#platform/fault-point.ts';
import type { Dice } from '#testing/dice.ts';
import { asOwner } from '#testing/postgres.ts';
import type { TcpProxy } from '#testing/tcp-proxy.ts';
import { until } from '#testing/until.ts';
import { Violation } from './readings.ts';
import { type Site, withClock } from './site.ts';

/** Something that happens to the system while clients work. */
export interface Harm {
  name: string;
  /** Does it and returns when it has ended: from there on the recovery counts. */
  run(site: Site, dice: Dice): Promise<void>;
  /** Records that it may catch in flight, of a publisher that is killed or paused; none unless given. */
  repeats?: number;
  /** Takes more than some seconds: not part of the short run. */
  long?: boolean;
  /** A topic that has to be filled anew. */
  topic?: string;
  /** Not on every machine. */
  needsSmallDisk?: boolean;
  /** Only where the log is in this store. */
  store?: LogKind;
}

const FAULT_MS_MAX = 60_000;
const LEDGER_MS_MAX = 120_000;
/** How long what is held down stays down. */
const HOLD_MS = 3_000;
const LONG_HOLD_MS = 60_000;
/** Longer than the publisher's session lives without a heartbeat, and than it waits for an answer. */
const PAUSE_MS = 5_000;
/** Longer than kafkajs's connection and request time-outs, and than the session of any consumer group. */
const LONG_PAUSE_MS = 45_000;
/** Longer than an append or a read waits for an answer. */
const KURRENTDB_PAUSE_MS = 12_000;
const LOCK_MS = 20_000;
const HOUR_MS = 3_600_000;

const byAccident: Harm[] = [
  kill('api'), kill('projector'), kill('publisher'), kill('reporting'),
  killAll('api'), killAll('projector'), killAll('publisher'),
];

const atFaultPoints: Harm[] = [
  atFaultPoint('api', 'api.appending', 300),
  atFaultPoint('api', 'api.appended', 300),
  atFaultPoint('projector', 'projector.applied', 100),
  atFaultPoint('projector', 'projector.committed', 100),
  atFaultPoint('publisher', 'publisher.readingTails', 1),
  atFaultPoint('publisher', 'publisher.sending', 100),
  atFaultPoint('publisher', 'publisher.acknowledged', 100),
  { name: 'kill -9 at rebuild.swapping', run: killedRebuild },
  { name: 'kill -9 at migration.migrated', run: killedMigration, store: 'PostgreSQL' },
  { name: 'kill -9 at import.sending', run: killedImport },
];

const toPostgres: Harm[] = [
  { name: 'PostgreSQL: kill -9 of the postmaster', run: ({ postgres }) => postgres.end('SIGKILL').then(() => postgres.isBack()) },
  { name: 'PostgreSQL: immediate stop', run: ({ postgres }) => postgres.end('SIGQUIT').then(() => postgres.isBack()) },
  { name: 'PostgreSQL: down for some seconds', run: postgresDown },
  { name: 'PostgreSQL: every session terminated, again and again', run: terminateSessions },
  { name: 'PostgreSQL: a session ended in mid-append', run: terminateAppend, store: 'PostgreSQL' },
  { name: 'PostgreSQL: connections used up', run: useUpConnections },
  { name: 'PostgreSQL: answers to appends lost', run: ({ postgresProxy }) => loseAnswers(postgresProxy, 20), store: 'PostgreSQL' },
  { name: 'PostgreSQL: disk full', run: fillDisk, needsSmallDisk: true },
  { name: 'PostgreSQL: the log locked by somebody for 20 s', run: lockLog, long: true, store: 'PostgreSQL' },
];

const harmsToKurrentDb: Harm[] = [
  { name: 'KurrentDB: kill -9 of the server', run: ({ log }) => log!.end('SIGKILL').then(() => log!.isBack()) },
  { name: 'KurrentDB: restarted', run: ({ log }) => log!.end('SIGTERM').then(() => log!.isBack()) },
  { name: 'KurrentDB: down for some seconds', run: kurrentDbDown },
  { name: 'KurrentDB: paused for longer than every time-out', run: pauseKurrentDb },
  { name: 'KurrentDB: every connection cut, again and again', run: cutConnections },
  { name: 'KurrentDB: answers to appends lost', run: ({ logProxy }) => loseAnswers(logProxy!, 20) },
];
const toKurrentDb = harmsToKurrentDb.map((harm): Harm => ({ ...harm, store: 'KurrentDB' }));

const toKafka: Harm[] = [
  { name: 'Kafka: kill -9 of the broker', run: ({ kafka }) => kafka.end('SIGKILL').then(() => kafka.isBack()) },
  { name: 'Kafka: down for a minute', run: kafkaDown, long: true },
  { name: 'Kafka: paused for longer than every time-out', run: pauseKafka, long: true },
  { name: 'Kafka: answers to sends lost', run: ({ kafkaProxy }) => loseAnswers(kafkaProxy, 5) },
  ...topics.filter((topic) => topic.includes('commitment')).map((topic): Harm => ({
    name: 'Kafka: a topic deleted', topic, run: (site) => topicDeleted(site, topic),
  })),
];

const others: Harm[] = [
  { name: 'publisher: its leader paused until another leads, then continued', run: pauseLeader, repeats: EVENTS_MAX },
  { name: 'projector: one paused, then continued', run: (site, dice) => pauseOne(site, dice, 'projector') },
  { name: 'api: one paused, then continued', run: (site, dice) => pauseOne(site, dice, 'api') },
  { name: 'api: the clock of one set an hour back', run: clockBack },
];

const harms: readonly Harm[] = [...byAccident, ...atFaultPoints, ...toPostgres, ...toKurrentDb, ...toKafka, ...others];

export function harmsWith(log: LogKind): readonly Harm[] {
  return harms.filter(({ store }) => store === undefined || store === log);
}

/** Of a publisher that is killed, one send; so many may be killed one after the other. */
function inFlight(name: AppName, kills: number): Pick<Harm, 'repeats'> {
  return name === 'publisher' ? { repeats: kills * EVENTS_MAX } : {};
}

function kill(name: AppName): Harm {
  return { name: `kill -9 of one ${name}`, ...inFlight(name, 1), run: (site, dice) => dice.pick(site.of(name)).kill() };
}

function killAll(name: AppName): Harm {
  return { name: `kill -9 of every ${name} at once`, ...inFlight(name, 1), run: async (site) => void (await Promise.all(site.of(name).map((app) => app.kill()))) };
}

/** Each process of the kind is restarted with the fault armed; the harm ends when one of them has come to it and was killed. */
function atFaultPoint(name: AppName, point: FaultPoint, countdownMax: number): Harm {
  return {
    name: `kill -9 at ${point}`,
    ...inFlight(name, 2),
    async run(site, dice) {
      const before = site.of(name).map(({ ends }) => ends.length);
      await site.arm(name, point, dice.int(1, countdownMax));
      const killed = () => site.of(name).some(({ ends }, index) => ends.slice(before[index]).includes('signal SIGKILL'));
      await until(killed, { deadlineMs: FAULT_MS_MAX }).catch((cause: unknown) => { throw new Error(`no process came to ${point}`, { cause }); });
      // One that never comes to it (who stands by) goes on unarmed.
      await Promise.all(site.of(name).filter((app) => app.armed).map((app) => app.restart()));
    },
  };
}

async function killedRebuild(site: Site): Promise<void> {
  await killedAt(site.env(), ['rebuild', 'commitments'], 'rebuild.swapping:1');
  await runLedger(['rebuild', 'commitments'], site.env(), AbortSignal.timeout(LEDGER_MS_MAX));
}

/** Of a log in a database of its own, since this one has its tables already. */
async function killedMigration(site: Site, dice: Dice): Promise<void> {
  const name = `migrated_${dice.draw()}`;
  const url = new URL(site.databaseUrl);
  url.pathname = `/${name}`;
  const elsewhere = { ...site.env(), DATABASE_URL: url.href, EVENT_STORE_URL: url.href };
  await asOwner(site.databaseUrl, (client) => client.query(`create database ${name}`));
  const versionsOf = (databaseUrl: string) => asOwner(databaseUrl, async (client) =>
    (await client.query<{ version: number }>('select version from event_log.migrations order by version')).rows.map(({ version }) => version));
  const all = await versionsOf(site.databaseUrl);
  await killedAt(elsewhere, ['migrate'], `migration.migrated:${dice.int(1, all.length)}`);
  await runLedger(['migrate'], elsewhere, AbortSignal.timeout(LEDGER_MS_MAX));
  const versions = await versionsOf(url.href);
  if (String(versions) !== String(all)) throw new Violation(`after a killed migration the log has versions ${String(versions)}`);
  await asOwner(site.databaseUrl, (client) => client.query(`drop database ${name} with (force)`));
}

/** Three times: killed, to its end, and once more, when everything must be there already. */
async function killedImport(site: Site, dice: Dice): Promise<void> {
  const name = `import-${dice.draw()}`;
  const file = join(site.folder, `${name}.yaml`);
  const records = Array.from({ length: 20 }, (_, n) => recordsOf(`${name}-${n}`)).flat();
  // YAML holds JSON.
  writeFileSync(file, JSON.stringify({ document: 'A document', records }));
  await killedAt(site.env(), ['import', file, '--json'], `import.sending:${dice.int(1, records.length)}`);
  await importAll(site, file);
  const again = await importAll(site, file);
  if (again.accepted !== 0 || again.repeated !== records.length) throw new Violation(`an import that is repeated tells ${JSON.stringify(again)}`, { doubled: again.accepted });
}

/** A commitment and its approval. */
function recordsOf(key: string): object[] {
  const text = (words: string) => ({ text: words, language: 'en' });
  const content = { title: text('From a document'), description: text('It stands there'), kind: 'programmatic', actionLines: ['C4'], startOn: '2021-01-01', dueOn: '2030-12-31' };
  const common = { occurredOn: '2021-10-15', place: 'Part One' };
  return [
    { key, command: 'SubmitCommitment', as: 'enters', ...common, body: { lead: 'AGENCY-0', content } },
    { key: `${key}-registered`, command: 'RegisterCommitment', as: 'approves', ...common, path: { id: `$${key}` } },
  ];
}

interface ImportCounts { records: number; accepted: number; repeated: number }

async function importAll(site: Site, data: string): Promise<ImportCounts> {
  return JSON.parse(await runLedger(['import', data, '--json'], site.env(), AbortSignal.timeout(LEDGER_MS_MAX))) as ImportCounts;
}

async function killedAt(env: NodeJS.ProcessEnv, args: string[], fault: string): Promise<void> {
  const outcome = await runLedger(args, { ...env, FAULT_POINT: fault }, AbortSignal.timeout(LEDGER_MS_MAX)).catch((error: Error) => error);
  const killed = outcome instanceof Error && (outcome.cause as Outcome | undefined)?.signal === 'SIGKILL';
  if (!killed) throw new Error(`ledger ${args.join(' ')} was not killed at ${fault}`, { cause: outcome });
}

async function postgresDown({ postgres, apps }: Site): Promise<void> {
  postgres.hold();
  await postgres.end('SIGINT');
  await delay(HOLD_MS);
  const ready = await Promise.all(apps.map((app) => app.isReady()));
  postgres.release();
  await postgres.isBack();
  const lying = apps.filter((_, index) => ready[index]).map(({ id }) => id);
  if (lying.length > 0) throw new Violation(`without PostgreSQL these said that they are ready: ${lying.join(', ')}`);
}

/** Who follows the log, or appends to it, is not ready without it. */
async function kurrentDbDown({ log, apps }: Site): Promise<void> {
  log!.hold();
  await log!.end('SIGTERM');
  await delay(HOLD_MS);
  const needing = apps.filter(({ name }) => name !== 'reporting');
  const ready = await Promise.all(needing.map((app) => app.isReady()));
  log!.release();
  await log!.isBack();
  const lying = needing.filter((_, index) => ready[index]).map(({ id }) => id);
  if (lying.length > 0) throw new Violation(`without KurrentDB these said that they are ready: ${lying.join(', ')}`);
}

async function pauseKurrentDb({ log }: Site): Promise<void> {
  log!.signal('SIGSTOP');
  await delay(KURRENTDB_PAUSE_MS);
  log!.signal('SIGCONT');
}

async function cutConnections({ logProxy }: Site): Promise<void> {
  for (let n = 0; n < 10; n += 1) {
    logProxy!.cutConnections();
    await delay(200);
  }
}

async function terminateSessions(site: Site): Promise<void> {
  await asOwner(site.databaseUrl, async (client) => {
    for (let n = 0; n < 10; n += 1) {
      await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
      await delay(200);
    }
  });
}

/** Looks again and again until it meets one at work: an append takes less than a millisecond. */
async function terminateAppend(site: Site): Promise<void> {
  await asOwner(site.databaseUrl, (client) => until(async () => {
    const { rowCount } = await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'event-log-append' and state = 'active'`);
    return rowCount! > 0;
  }, { deadlineMs: FAULT_MS_MAX, intervalMs: 0 }));
}

/** Takes every connection there is, then those that the apps had: what they need anew they do not get. */
async function useUpConnections(site: Site): Promise<void> {
  const taken: pg.Client[] = [];
  try {
    await asOwner(site.databaseUrl, async (owner) => {
      await takeConnections(site, taken);
      await owner.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name not in ('', $1) and datname = current_database()`, [GREEDY]);
      await takeConnections(site, taken);
      await delay(HOLD_MS);
    });
  } finally {
    await Promise.all(taken.map((client) => client.end().catch(() => undefined)));
  }
}

const GREEDY = 'greedy';
const CONNECTIONS_MAX = 300;

async function takeConnections(site: Site, taken: pg.Client[]): Promise<void> {
  while (taken.length < CONNECTIONS_MAX) {
    const client = new pg.Client({ connectionString: site.databaseUrl, connectionTimeoutMillis: 5_000, application_name: GREEDY });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch {
      return;
    }
    taken.push(client);
  }
}

async function loseAnswers(proxy: TcpProxy, count: number): Promise<void> {
  proxy.cutAnswers(count);
  await until(() => proxy.left === 0, { deadlineMs: FAULT_MS_MAX });
}

/** Nothing can be written any more, until there is room again. */
async function fillDisk({ smallDisk, postgres }: Site): Promise<void> {
  smallDisk!.fill();
  await delay(HOLD_MS);
  smallDisk!.makeRoom();
  await postgres.isBack();
}

async function lockLog(site: Site): Promise<void> {
  await asOwner(site.databaseUrl, async (client) => {
    await client.query('begin');
    await client.query('lock table event_log.events in exclusive mode');
    await delay(LOCK_MS);
    await client.query('rollback');
  });
}

async function kafkaDown({ kafka, apps }: Site): Promise<void> {
  kafka.hold();
  await kafka.end('SIGTERM');
  await delay(LONG_HOLD_MS);
  const ready = new Map(await Promise.all(apps.map(async (app) => [app, await app.isReady()] as const)));
  kafka.release();
  await kafka.isBack();
  for (const app of apps) {
    const mayServe = app.name === 'api' || app.name === 'projector';
    if (mayServe && !ready.get(app)) throw new Violation(`without Kafka ${app.id} said that it is not ready, though it does not need it`);
  }
  if (apps.filter(({ name }) => name === 'publisher').every((app) => ready.get(app))) throw new Violation('without Kafka every publisher said that it is ready');
}

/** Ends when the publisher has made it anew; how it is filled is looked at afterwards. */
async function topicDeleted({ brokers }: Site, topic: string): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    await admin.deleteTopics({ topics: [topic] });
    await until(async () => !(await admin.listTopics()).includes(topic), { deadlineMs: FAULT_MS_MAX, intervalMs: 50 });
    await until(async () => (await admin.listTopics()).includes(topic), { deadlineMs: FAULT_MS_MAX });
  });
}

async function pauseKafka({ kafka }: Site): Promise<void> {
  kafka.signal('SIGSTOP');
  await delay(LONG_PAUSE_MS);
  kafka.signal('SIGCONT');
}

/** What was in its hand may come twice; it must know before it sends anything more, and end. */
async function pauseLeader(site: Site): Promise<void> {
  const leader = await leaderOf(site);
  const { ends } = leader;
  const before = ends.length;
  leader.signal('SIGSTOP');
  await delay(PAUSE_MS);
  try {
    await leaderOf(site, leader.id);
  } finally {
    leader.signal('SIGCONT');
  }
  await until(() => ends.length > before, { deadlineMs: FAULT_MS_MAX })
    .catch((cause: unknown) => { throw new Violation('a leader that was paused until another led goes on', {}, { cause }); });
}

async function leaderOf(site: Site, other?: string) {
  return until(async () => {
    for (const publisher of site.of('publisher').filter(({ id }) => id !== other)) {
      const response = await fetch(`${publisher.url}/health/ready`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
      if (response && (await response.text()).includes('leads;')) return publisher;
    }
    return undefined;
  }, { deadlineMs: 30_000, intervalMs: 100 });
}

async function pauseOne(site: Site, dice: Dice, name: AppName): Promise<void> {
  const app = dice.pick(site.of(name));
  app.signal('SIGSTOP');
  await delay(PAUSE_MS);
  app.signal('SIGCONT');
}

async function clockBack(site: Site, dice: Dice): Promise<void> {
  const app = dice.pick(site.of('api'));
  await app.restart(withClock(-HOUR_MS));
  await until(() => app.isReady(), { deadlineMs: 30_000, intervalMs: 100 });
  await delay(HOLD_MS);
  await app.restart();
}

async function withAdmin(brokers: string[], work: (admin: Admin) => Promise<void>): Promise<void> {
  const admin = new kafkajs.Kafka({ clientId: 'crash', brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}
