import { randomUUID } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defineActionLine } from '#domain/action-line/define.ts';
import { registerAgency } from '#domain/agency/register.ts';
import { approveTarget } from '#domain/commitment/approve-target.ts';
import { joinCommitment } from '#domain/commitment/join.ts';
import { proposeTarget } from '#domain/commitment/propose-target.ts';
import { registerCommitment } from '#domain/commitment/register.ts';
import { startCommitment } from '#domain/commitment/start.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import type { Role } from '#domain/event.ts';
import { defineIndicator } from '#domain/indicator/define.ts';
import type { UseCase } from '#domain/use-case.ts';
import { root, startApp, waitUntilReady } from '#embedded/apps.ts';
import { rememberedPort } from '#embedded/port.ts';
import { startProcess, stopProcess } from '#embedded/process.ts';
import type { Stoppable } from '#embedded/supervise.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { mintLocalToken } from '#platform/auth/local-key.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import { LedgerInMemory } from '#testing/ledger-in-memory.ts';
import { type Bench, type BenchContext, percentile, race, type Row, takeTurns } from './bench.ts';
import { asOwner } from '#testing/postgres.ts';
import { toNew } from './realistic-history.ts';

/** A command over HTTP, through the API as it is built and started, against what a team would write instead (peers/crud.ts). */
export const commandBenches: Bench[] = [{ name: 'command', run: submitProgressOverHttp }];

const CLIENTS = 32;
/** Of the CRUD version, which it served best of 5, 10 and 20. The API has five to the log: four that read, one that appends. */
const POOL_SIZE = 10;
const AGENCIES = 60;
/** Of each agency: no actor comes near the API's rate limit. */
const FOCAL_POINTS = 4;
const INDICATORS = 40;

async function submitProgressOverHttp(context: BenchContext): Promise<Row[]> {
  const commitments = context.quick ? 50 : 2_000;
  const requestsPerRound = context.quick ? 200 : 6_000;
  const ledger = ledgerOf(commitments);
  const ours = await startOurs(context, ledger);
  try {
    const crud = await startCrud(context, ledger);
    try {
      return await compare(context, ours.url, crud.url, await requestsFor(context, ledger, requestsPerRound * (context.rounds + 1)), requestsPerRound);
    } finally {
      await crud.stop();
    }
  } finally {
    await ours.stop();
  }
}

async function compare({ rounds }: BenchContext, ours: string, crud: string, requests: Buffer[], perRound: number): Promise<Row[]> {
  const side = (url: string) => async (round: number) => {
    const some = requests.slice(round * perRound, (round + 1) * perRound);
    const free = await Promise.all(Array.from({ length: CLIENTS }, () => HttpClient.connect(url)));
    if (round === 0) await answersRepeatsAlike(free[0]!, some[0]!);
    const before = process.cpuUsage();
    const { rate, latencies } = await race(CLIENTS, some.length, async (index) => {
      const client = free.pop()!;
      const { status, body } = await client.send(some[index]!);
      free.push(client);
      if (status !== 201) throw new Error(`a command was answered ${status}: ${body}`);
    });
    const { user, system } = process.cpuUsage(before);
    for (const client of free) client.close();
    return { rate, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), max: Math.max(...latencies), clientMicroseconds: (user + system) / some.length };
  };
  const seen = await takeTurns(rounds, { ours: side(ours), crud: side(crud) });
  const name = `submit progress over HTTP, ${CLIENTS} clients`;
  const of = ({ p50, max }: { p50: number; max: number }) => `p50 ${p50.toFixed(1)} ms, max ${max.toFixed(0)} ms`;
  return [
    {
      name, unit: 'requests/s', ours: seen.ours.rate, peer: { name: 'CRUD', value: seen.crud.rate }, goal: { atLeast: 1 },
      detail: `the client itself takes ${Math.round(seen.ours.clientMicroseconds)} µs of processor a request`,
    },
    {
      name: `${name}, p99`, unit: 'ms', ours: seen.ours.p99, peer: { name: 'CRUD', value: seen.crud.p99 }, goal: { atMost: 1 },
      detail: `${of(seen.ours)}; CRUD ${of(seen.crud)}`,
    },
  ];
}

/** Both sides do the work of an idempotent command, or their speeds could not be compared. */
async function answersRepeatsAlike(client: HttpClient, request: Buffer): Promise<void> {
  const [first, again] = [await client.send(request), await client.send(request)];
  if (first.status !== 201 || again.status !== 201 || first.body !== again.body) throw new Error(`a repeat was answered ${again.status} ${again.body}, the first ${first.status} ${first.body}`);
}

const MADE_AT = '2023-06-01T12:00:00.000Z';
const text = (words: string) => ({ text: words, language: 'en' });
const agencyOf = (number: number) => `AGENCY-${number % AGENCIES}`;
const indicatorOf = (number: number) => `bench.${number % INDICATORS}`;

/** Active commitments with an approved target each, every third with a partner: made by the deciders. */
function ledgerOf(commitments: number): LedgerInMemory {
  const ledger = new LedgerInMemory();
  const run = (useCase: UseCase, role: Role, agency: string, command: object) =>
    ledger.run({ useCase: useCase as UseCase<never>, command, actor: { id: `${agency}-${role}`, agency, role }, at: MADE_AT, key: randomUUID() });
  for (let n = 0; n < AGENCIES; n += 1) run(registerAgency, 'administrator', 'UNCTAD', { code: agencyOf(n), names: { en: `Agency ${n}` }, kind: 'un-entity' });
  for (let n = 0; n < INDICATORS; n += 1) run(defineIndicator, 'administrator', 'UNCTAD', { code: indicatorOf(n), unit: 'cities', direction: 'rising', titles: { en: `Indicator ${n}` }, min: '0', max: '1000', sourceClass: 'survey', measures: 'result' });
  run(defineActionLine, 'administrator', 'UNCTAD', { code: 'C4', titles: { en: 'Capacity building' } });
  for (let n = 0; n < commitments; n += 1) {
    const lead = agencyOf(n);
    const content = { title: text(`Commitment ${n}`), description: text(SENTENCES), kind: 'programmatic', actionLines: ['C4'], startOn: '2021-01-01', dueOn: '2025-12-31' };
    const id = run(submitCommitment, 'focal-point', lead, { lead, content })[0]!.stream.slice('commitment-'.length);
    run(registerCommitment, 'approver', lead, { id });
    run(startCommitment, 'approver', lead, { id });
    const target = { kind: 'quantitative', indicator: indicatorOf(n), unit: 'cities', baseline: { value: { low: '100' }, on: '2020-12-31' }, value: { low: '900' }, dueOn: '2025-12-31' };
    const [proposed] = run(proposeTarget, 'focal-point', lead, { id, content: target });
    run(approveTarget, 'approver', lead, { id, target: (proposed!.data as { targetId: string }).targetId, version: 1 });
    if (n % 3 === 0) run(joinCommitment, 'approver', agencyOf(n + 1), { id, agency: agencyOf(n + 1) });
  }
  return ledger;
}

const SENTENCES = 'Two more cities opened their services to people with disabilities, and staff of nine others were trained. '.repeat(4).trim();

/** Updates of about a kilobyte, each to a random commitment, each with a key of its own, by focal points of the lead. */
async function requestsFor({ folder }: BenchContext, ledger: LedgerInMemory, count: number): Promise<Buffer[]> {
  const tokens = await Promise.all(Array.from({ length: AGENCIES * FOCAL_POINTS }, (_, n) =>
    mintLocalToken({ dataDir: folder, role: 'focal-point', agency: agencyOf(n), id: `focal-point-${n}`, expiresIn: '8h' })));
  const ids = ledger.idsOf('commitment');
  return Array.from({ length: count }, (_, n) => {
    const commitment = Math.floor(Math.random() * ids.length);
    const content = {
      from: '2022-01-01', to: '2022-12-31',
      narrative: [{ part: 'one', text: text(`Report ${n}. ${SENTENCES}`) }],
      observations: [{ indicator: indicatorOf(commitment), value: { low: String(100 + (n % 800)) }, unit: 'cities', asOf: '2022-12-31', source: 'Survey of local online services' }],
      evidence: [{ title: text('Assessment of local online services'), class: 'official-paper', issuer: agencyOf(n), date: '2023-01-31', place: 'annex 2' }],
    };
    const body = JSON.stringify({ content });
    const token = tokens[commitment % AGENCIES + AGENCIES * (n % FOCAL_POINTS)]!;
    return Buffer.from(
      `POST /v1/commitments/${ids[commitment]}/progress-updates HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${token}\r\n`
      + `idempotency-key: ${randomUUID()}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });
}

type Server = Stoppable & { url: string };

/** The built process, started as `npm start` does, on a log that holds the ledger. */
async function startOurs(context: BenchContext, ledger: LedgerInMemory): Promise<Server> {
  const database = await context.database();
  await migrateEventLog(database);
  await migrateReadModel(database);
  const port = await rememberedPort(join(context.folder, 'port'));
  const url = `http://127.0.0.1:${port}`;
  const app = await startApp('api', {
    dataDir: context.folder, report: context.say,
    env: { ...process.env, DATA_DIR: context.folder, DATABASE_URL: database, EVENT_STORE_URL: database, PORT: String(port) },
  });
  // Before the log holds anything: no projector runs here that could fill views, and commands need none.
  await waitUntilReady('api', url, AbortSignal.timeout(60_000));
  const store = await openEventStore(database);
  try {
    await Promise.all([...Map.groupBy(ledger.log, ({ stream }) => stream)].map(([stream, events]) => store.append(stream, 0, events.map(toNew))));
  } finally {
    await store.close();
  }
  await analyze(database);
  return { ...app, url };
}

async function startCrud(context: BenchContext, ledger: LedgerInMemory): Promise<Server> {
  const database = await context.database();
  const port = await rememberedPort(join(context.folder, 'crud-port'));
  const bench = join(root, 'test', 'bench');
  const app = await startProcess([process.execPath, '--import', join(root, 'test', 'typescript.mjs'), join(bench, 'peers', 'crud.ts')], {
    logFile: join(context.folder, 'crud.log'), onErrorLine: context.say,
    env: { ...process.env, DATA_DIR: context.folder, DATABASE_URL: database, PORT: String(port), POOL_SIZE: String(POOL_SIZE) },
  });
  await untilListening(port);
  await fillCrud(database, ledger);
  await analyze(database);
  return { ...app, url: `http://127.0.0.1:${port}`, stop: () => stopProcess(app, [['SIGTERM', 10_000], ['SIGKILL', 5_000]]) };
}

/** The same agencies, indicators, commitments, partners and targets as rows. */
async function fillCrud(database: string, ledger: LedgerInMemory): Promise<void> {
  const commitments = ledger.idsOf('commitment').map((id) => ledger.stateOf('commitment', id)!);
  const tables = {
    agency: ledger.idsOf('agency').map((code) => ({ code })),
    indicator: ledger.idsOf('indicator').map((code) => ({ code, ...ledger.stateOf('indicator', code)!.definition })),
    commitment: commitments.map(({ id, status, lead, versions }) => ({ id, status, lead, content: versions.at(-1)!.content })),
    partner: commitments.flatMap(({ id, partners }) => partners.map(({ agency }) => ({ commitment: id, agency }))).map((row, index) => ({ id: index + 1, ...row })),
    target: commitments.flatMap((commitment) => Object.entries(commitment.targets).map(([id, { versions: [target] }]) =>
      ({ id, commitment: commitment.id, version: 1, indicator: target!.content.kind === 'quantitative' ? target!.content.indicator : null }))),
  };
  await asOwner(database, async (client) => {
    for (const [table, rows] of Object.entries(tables))
      await client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [JSON.stringify(rows)]);
  });
}

/** Statistics as a server in use has them. */
async function analyze(database: string): Promise<void> {
  await asOwner(database, (client) => client.query('vacuum analyze'));
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    try {
      (await HttpClient.connect(`http://127.0.0.1:${port}`)).close();
      return;
    } catch {
      await delay(100);
    }
  }
  throw new Error('the CRUD peer does not start');
}

/** One kept connection, one request at a time: of HTTP just what both servers answer with, so that little is spent here. */
class HttpClient {
  private received = '';
  private waiting: { resolve(answer: { status: number; body: string }): void; reject(error: Error): void } | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.setNoDelay(true);
    socket.on('data', (chunk: string) => this.receive(chunk));
    socket.on('close', () => this.waiting?.reject(new Error('the server closed the connection')));
    socket.on('error', (error) => this.waiting?.reject(error));
  }

  static connect(url: string): Promise<HttpClient> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = createConnection(Number(port), hostname);
      socket.once('error', reject);
      socket.once('connect', () => resolve(new HttpClient(socket)));
    });
  }

  send(request: Buffer): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(request);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(chunk: string): void {
    this.received += chunk;
    const head = this.received.indexOf('\r\n\r\n');
    const [, length] = head < 0 ? [] : /\r\ncontent-length: (\d+)/i.exec(this.received) ?? [];
    if (length === undefined || this.received.length < head + 4 + Number(length)) return;
    const answer = { status: Number(this.received.slice(9, 12)), body: this.received.slice(head + 4) };
    this.received = '';
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(answer);
  }
}
