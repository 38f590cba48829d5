import { type Bench, type BenchContext, percentile, race, type Row, takeTurns } from './bench.ts';
import { asOwner } from '#testing/postgres.ts';
import { filledLedger } from './filled-ledger.ts';
import { type HttpServer, type Sides, startSides } from './http-server.ts';

/** Queries of the built API against bare SELECTs of the same rows, and against themselves on another day and another log. */
export const queriesBenches: Bench[] = [{ name: 'queries', run: queries }];

async function queries(context: BenchContext): Promise<Row[]> {
  const events = context.quick ? { large: 2_000, small: 1_000 } : { large: 1_000_000, small: 100_000 };
  const large = await filledLedger(context, events.large);
  const small = await filledLedger(context, events.small);
  return measureQueries(context, large, small);
}

/** @param largeUrl @param smallUrl databases of filled ledgers, of ten times as many events the one as the other */
export async function measureQueries(context: BenchContext, largeUrl: string, smallUrl: string): Promise<Row[]> {
  const large = await Ledger.open(context, largeUrl, 'large');
  let small: Ledger | undefined;
  try {
    small = await Ledger.open(context, smallUrl, 'small');
    const rows: Row[] = [];
    for (const query of QUERIES) rows.push(...await measure(context, query, large, small));
    return rows;
  } finally {
    await Promise.all([large.close(), small?.close()]);
  }
}

/** As many as keep both cores busy, with the client and PostgreSQL on the same two; a bound in milliseconds is for one alone. */
const CLIENTS = 4;
const YEARS_LATER = '2036-06-30';

interface Query {
  name: string;
  times: number;
  /** Paths to ask for, and what the same rows are had by. */
  ours(ledger: Ledger): string;
  bare?(ledger: Ledger): string;
  /** The same, years later. */
  later?(ledger: Ledger): string;
  /** In milliseconds, for what has no bare SELECT. */
  within?: number;
}

const QUERIES: Query[] = [
  {
    name: 'progress matrix', times: 200,
    ours: () => '/v1/progress-matrix',
    bare: () => '/bare/matrix',
    later: () => `/v1/progress-matrix?on=${YEARS_LATER}`,
  },
  {
    name: 'commitments, first page', times: 500,
    ours: () => '/v1/commitments',
    bare: (ledger) => ledger.bareOf('/v1/commitments'),
    later: () => `/v1/commitments?on=${YEARS_LATER}`,
  },
  {
    name: 'commitments, first page of a line and a status', times: 500,
    ours: (ledger) => ledger.next(FILTERED),
    bare: (ledger) => ledger.bareOf(ledger.next(FILTERED)),
    later: (ledger) => `${ledger.next(FILTERED)}&on=${YEARS_LATER}`,
  },
  {
    name: 'commitments that missed a target, by title, first page', times: 500,
    ours: () => MISSED,
    bare: (ledger) => ledger.bareOf(MISSED),
    later: () => `${MISSED}&on=${YEARS_LATER}`,
  },
  {
    name: 'commitments, late pages by cursor', times: 500,
    ours: (ledger) => ledger.next(ledger.latePages),
    bare: (ledger) => ledger.bareOf(ledger.next(ledger.latePages)),
  },
  {
    // None is asked for twice in five rounds and one that warms up: the smaller log has 10,000.
    name: 'one commitment', times: 1_500,
    ours: (ledger) => `/v1/commitments/${ledger.next(ledger.ids)}`,
    bare: (ledger) => `/bare/streams/commitment-${ledger.next(ledger.ids)}`,
    later: (ledger) => `/v1/commitments/${ledger.next(ledger.ids)}?on=${YEARS_LATER}`,
  },
  {
    name: 'progress matrix as of an instant', times: 40, within: 300,
    ours: (ledger) => `/v1/progress-matrix?asOf=${ledger.next(ledger.instants)}`,
  },
  {
    name: 'one commitment as of an instant', times: 500, within: 30,
    ours: (ledger) => `/v1/commitments/${ledger.next(ledger.earlyIds)}?asOf=${ledger.last}`,
  },
];

/** Common and rare ones; the same of every log. */
const FILTERED = ['C1', 'C2', 'C5', 'C7-eGov', 'C7-eLea', 'C9', 'C10', 'C11'].flatMap((line) =>
  ['registered', 'active', 'closed'].map((status) => `/v1/commitments?actionLine=${line}&status=${status}`));
const MISSED = '/v1/commitments?pace=missed&sort=title';

async function measure({ quick, rounds, say }: BenchContext, { name, times, ours, bare, later, within }: Query, large: Ledger, small: Ledger): Promise<Row[]> {
  say(`  ${name} ...`);
  const ask = (server: HttpServer, path: () => string) => async () => {
    const { latencies } = await race(within === undefined ? CLIENTS : 1, quick ? 8 : times, () => server.get(path()));
    return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
  };
  const sides = {
    ours: ask(large.api, () => ours(large)),
    ...(bare && { bare: ask(large.bare, () => bare(large)) }),
    ...(later && { later: ask(large.api, () => later(large)) }),
    ...(bare && { small: ask(small.api, () => ours(small)) }),
  } as Record<'ours', () => Promise<Latency>> & Partial<Record<'bare' | 'later' | 'small', () => Promise<Latency>>>;
  const seen = await takeTurns(rounds, sides as Required<typeof sides>);
  const of = (events: string) => `${name}, ${events}, p99`;
  const row = { name: of(large.size), unit: 'ms' as const, ours: seen.ours.p99, detail: `p50 ${seen.ours.p50.toFixed(1)} ms` };
  return [
    ...(bare ? [{ ...row, peer: { name: 'bare SELECT', value: seen.bare.p99 }, goal: { atMost: 3 }, detail: `${row.detail}, bare ${seen.bare.p50.toFixed(1)} ms` }] : []),
    ...(within !== undefined ? [{ ...row, goal: { within } }] : []),
    ...(later ? [{ ...row, name: `${name}, for a day ten years later, p99`, ours: seen.later.p99, detail: '', peer: { name: 'for today', value: seen.ours.p99 }, goal: { atMost: 1.3 } }] : []),
    ...(bare ? [{ ...row, detail: `p50 of the smaller log ${seen.small.p50.toFixed(1)} ms`, peer: { name: small.size, value: seen.small.p99 }, goal: { atMost: 1.3 } }] : []),
  ];
}

type Latency = { p50: number; p99: number };

/** A filled ledger with its API and the bare side, and what to ask them for. */
class Ledger {
  readonly #turns = new Map<readonly string[], number>();
  /** Ids of the commitments that a page holds, by its path. */
  readonly #bareOf = new Map<string, string>();
  size = '';
  /** Of commitments, in an order of chance. */
  ids: readonly string[] = [];
  /** Of commitments that were there at `last`. */
  earlyIds: readonly string[] = [];
  /** Between the log's first event and its last. */
  instants: readonly string[] = [];
  last = '';
  latePages: readonly string[] = [];

  readonly api: HttpServer;
  readonly bare: HttpServer;
  readonly close: () => Promise<void>;

  private constructor({ api, bare, stop }: Sides) {
    this.api = api;
    this.bare = bare;
    this.close = stop;
  }

  static async open(context: BenchContext, url: string, name: string): Promise<Ledger> {
    const ledger = new Ledger(await startSides(context, url, name));
    try {
      await copyMatrix(url, JSON.parse((await ledger.api.get('/v1/progress-matrix')).toString()) as Matrix);
      await ledger.lookAround(url, context.quick ? 5 : 200);
      return ledger;
    } catch (error) {
      await ledger.close();
      throw error;
    }
  }

  /** The values in turn. */
  next(values: readonly string[]): string {
    const turn = this.#turns.get(values) ?? 0;
    this.#turns.set(values, turn + 1);
    return values[turn % values.length]!;
  }

  /** The bare path of the rows of a page. */
  bareOf(page: string): string {
    return this.#bareOf.get(page)!;
  }

  private async lookAround(url: string, pages: number): Promise<void> {
    await asOwner(url, async (client) => {
      const select = async <T>(text: string): Promise<T[]> => (await client.query({ text, rowMode: 'array' })).rows.map(([value]: T[]) => value!);
      const [events, first, last] = [
        (await select<string>('select max(position)::text from event_log.events'))[0]!,
        (await select<Date>('select min(recorded_at) from event_log.events'))[0]!,
        (await select<Date>('select max(recorded_at) from event_log.events'))[0]!,
      ];
      this.size = `${Number(events).toLocaleString('en-US')} events`;
      this.ids = await select(`select id from view_commitments_v1.rows where "validTo" = 9007199254740991 order by md5(id) limit 20000`);
      this.instants = Array.from({ length: 97 }, (_, n) => new Date(first.getTime() + ((n * 37) % 97) / 97 * (last.getTime() - first.getTime())).toISOString());
      this.last = new Date((first.getTime() + last.getTime()) / 2).toISOString();
      this.earlyIds = await select(`
        select id from view_commitments_v1.rows where "validTo" = 9007199254740991 and "registeredAt" <= '${this.last}' order by md5(id) limit 20000`);
    });
    const walked = await this.walk(pages);
    this.latePages = walked.slice(Math.floor(walked.length / 2));
    for (const path of ['/v1/commitments', MISSED, ...FILTERED, ...this.latePages]) {
      const { items } = await this.page(path);
      this.#bareOf.set(path, `/bare/commitments?ids=${items.map(({ id }) => id).join(',')}`);
    }
  }

  /** Follows `next` from page to page. */
  private async walk(pages: number): Promise<string[]> {
    const paths = ['/v1/commitments'];
    while (paths.length < pages) {
      const { next } = await this.page(paths.at(-1)!);
      if (next === null) break;
      paths.push(`/v1/commitments?cursor=${next}`);
    }
    return paths;
  }

  private async page(path: string): Promise<{ items: { id: string }[]; next: string | null }> {
    return JSON.parse((await this.api.get(path)).toString()) as { items: { id: string }[]; next: string | null };
  }
}

interface Matrix {
  lines: { code: string; titles: unknown }[];
  agencies: { code: string; names: unknown }[];
  cells: Cell[];
  totals: { byLine: Cell[]; byAgency: Cell[]; all: Cell };
}

type Cell = Record<string, unknown>;

/** The rows that the matrix is made of, as a table that somebody would keep to answer it from. */
async function copyMatrix(url: string, { lines, agencies, cells, totals }: Matrix): Promise<void> {
  const rows = [
    ...[...cells, ...totals.byLine, ...totals.byAgency, totals.all].map((figures) => ({ actionLine: null, agency: null, pledged: null, ...figures })),
    ...lines.map(({ code, titles }) => ({ actionLine: code, names: titles })),
    ...agencies.map(({ code, names }) => ({ agency: code, names })),
  ];
  await asOwner(url, async (client) => {
    await client.query(`
      drop table if exists bench_matrix;
      create table bench_matrix (
        "actionLine" text, agency text, commitments int, "asLead" int, "asPartner" int, "byStatus" jsonb, "byPace" jsonb,
        overdue int, "lastUpdateOn" date, pledged jsonb, names jsonb)`);
    await client.query('insert into bench_matrix select * from jsonb_populate_recordset(null::bench_matrix, $1)', [JSON.stringify(rows)]);
    await client.query('vacuum (analyze) bench_matrix');
  });
}
