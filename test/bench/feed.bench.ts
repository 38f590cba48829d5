import { type Bench, type BenchContext, percentile, race, type Row, takeTurns } from './bench.ts';
import { asOwner } from '#testing/postgres.ts';
import { filledLedger } from './filled-ledger.ts';
import { type HttpServer, startSides } from './http-server.ts';

/** Events read over HTTP, from the feed and as a commitment's history, against bare SELECTs of the same rows. */
export const feedBenches: Bench[] = [{ name: 'feed', run: feed }];

async function feed(context: BenchContext): Promise<Row[]> {
  return measureFeed(context, await filledLedger(context, context.quick ? 2_000 : 100_000));
}

/** @param url database of a filled log */
export async function measureFeed(context: BenchContext, url: string): Promise<Row[]> {
  const { api, bare, stop } = await startSides(context, url, 'feed');
  try {
    return [await feedPages(context, api, bare), await histories(context, url, api, bare)];
  } finally {
    await stop();
  }
}

const PAGE = 1_000;
const PAGES_MAX = 30;
/** Subscribers that catch up side by side. */
const READERS = 2;
const CLIENTS = 4;

interface Page {
  items: { sequence: string }[];
  next: number;
}

async function feedPages(context: BenchContext, api: HttpServer, bare: HttpServer): Promise<Row> {
  const pages: { ours: string; bare: string; events: number }[] = [];
  for (let after = 0; pages.length < PAGES_MAX;) {
    const path = `/v1/feed?after=${after}&limit=${PAGE}`;
    const { items, next } = JSON.parse((await api.get(path)).toString()) as Page;
    if (items.length === 0) break;
    const upTo = Number(items.at(-1)!.sequence);
    const same = `/bare/events?after=${after}&upTo=${upTo}`;
    const rows = JSON.parse((await bare.get(same)).toString()) as unknown[];
    if (rows.length !== items.length) throw new Error(`${same} has ${rows.length} rows, the feed's page ${items.length} events`);
    pages.push({ ours: path, bare: same, events: items.length });
    after = next;
  }
  const events = pages.reduce((sum, page) => sum + page.events, 0);
  const read = (get: (page: (typeof pages)[number]) => Promise<unknown>) => async () => {
    const { rate, latencies } = await race(READERS, pages.length, (index) => get(pages[index]!));
    return { rate: (rate * events) / pages.length, p99: percentile(latencies, 0.99) };
  };
  const seen = await takeTurns(context.rounds, { ours: read((page) => api.get(page.ours)), bare: read((page) => bare.get(page.bare)) });
  return {
    name: `feed, pages of ${PAGE.toLocaleString('en-US')} events`, unit: 'events/s', ours: seen.ours.rate, peer: { name: 'bare SELECT', value: seen.bare.rate }, goal: { atLeast: 0.5 },
    detail: `a page p99 ${seen.ours.p99.toFixed(0)} ms, bare ${seen.bare.p99.toFixed(0)} ms`,
  };
}

async function histories(context: BenchContext, url: string, api: HttpServer, bare: HttpServer): Promise<Row> {
  const streams = await publicStreams(url, context.quick ? 20 : 2_000);
  const read = (get: (stream: string) => Promise<unknown>) => async () => {
    const { rate, latencies } = await race(CLIENTS, streams.length, (index) => get(streams[index]!));
    return { rate, p99: percentile(latencies, 0.99) };
  };
  const seen = await takeTurns(context.rounds, {
    ours: read((stream) => api.get(`/v1/commitments/${stream.slice('commitment-'.length)}/history`)),
    bare: read((stream) => bare.get(`/bare/streams/${stream}`)),
  });
  return {
    name: 'history page of a commitment', unit: 'requests/s', ours: seen.ours.rate, peer: { name: 'bare SELECT', value: seen.bare.rate }, goal: { atLeast: 0.5 },
    detail: `p99 ${seen.ours.p99.toFixed(1)} ms, bare ${seen.bare.p99.toFixed(1)} ms`,
  };
}

async function publicStreams(url: string, count: number): Promise<string[]> {
  return asOwner(url, async (client) => {
    const { rows } = await client.query<{ stream: string }>(`select stream from event_log.events where type = 'CommitmentRegistered' order by md5(stream) limit $1`, [count]);
    return rows.map(({ stream }) => stream);
  });
}
