import { randomUUID } from 'node:crypto';
import { type ClientRequest, get } from 'node:http';
import { join } from 'node:path';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { mintLocalToken } from '#platform/auth/local-key.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import { atPace, type Bench, type BenchContext, percentile, type Row } from './bench.ts';
import { startApi } from './http-server.ts';
import { publicEvents } from './publisher.bench.ts';
import { toNew } from './realistic-history.ts';

/** What it costs that many follow the feed as server-sent events: told, and bound by no goal. */
export const subscribersBenches: Bench[] = [{ name: 'subscribers', run: commitToStreams }];

const EVENTS_PER_SECOND = 200;
/** As many as one process of the API serves, each of an actor of its own. */
const STREAMS = [1, 10, 100];

async function commitToStreams(context: BenchContext): Promise<Row[]> {
  const url = await context.database();
  await migrateEventLog(url);
  await migrateReadModel(url);
  const api = await startApi(context, url, 'api');
  const store = await openEventStore(url);
  const events = publicEvents();
  try {
    const rows: Row[] = [];
    for (const count of context.quick ? [1, 3] : STREAMS) {
      const arrivals = new Arrivals(count);
      const head = await store.head();
      const streams = await Promise.all(Array.from({ length: count }, async (_, n) => {
        const token = await mintLocalToken({ dataDir: join(context.folder, 'api'), role: 'reviewer', agency: 'ITU', id: `subscriber-${n}`, expiresIn: '1h' });
        return follow(`${api.url}/v1/feed?after=${head}`, token, (id) => arrivals.note(id));
      }));
      const latencies: number[] = [];
      await atPace(EVENTS_PER_SECOND, context.quick ? 50 : 2_000, async () => {
        const event = { ...events.next().value, id: randomUUID(), stream: `commitment-${randomUUID()}` };
        await store.append(event.stream, 0, [toNew(event)]);
        latencies.push(...await arrivals.of(event.id, performance.now()));
      });
      for (const stream of streams) stream.destroy();
      rows.push({
        name: `commit to received from the feed, ${EVENTS_PER_SECOND} events/s, ${count} streams, p99`, unit: 'ms', ours: percentile(latencies, 0.99), goal: 'none',
        detail: `p50 ${percentile(latencies, 0.5).toFixed(1)} ms, max ${percentile(latencies, 1).toFixed(0)} ms`,
      });
    }
    return rows;
  } finally {
    await store.close();
    await api.stop();
  }
}

/** When each stream got each event. */
class Arrivals {
  private readonly seen = new Map<string, number[]>();
  private readonly awaited = new Map<string, (at: number[]) => void>();

  constructor(private readonly streams: number) {}

  note(id: string): void {
    const times = this.seen.get(id) ?? [];
    this.seen.set(id, times);
    times.push(performance.now());
    if (times.length === this.streams) this.awaited.get(id)?.(times);
  }

  /** @returns milliseconds from the commit until each stream had the event */
  async of(id: string, committedAt: number): Promise<number[]> {
    const times = this.seen.get(id)?.length === this.streams ? this.seen.get(id)! : await new Promise<number[]>((resolve) => this.awaited.set(id, resolve));
    this.awaited.delete(id);
    this.seen.delete(id);
    // It may arrive before the commit's acknowledgement does.
    return times.map((at) => Math.max(0, at - committedAt));
  }
}

/** @returns once the stream is open */
function follow(url: string, token: string, received: (eventId: string) => void): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` } }, (response) => {
      if (response.statusCode !== 200) {
        reject(new Error(`a feed was answered ${response.statusCode}`));
        return;
      }
      let rest = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const messages = `${rest}${chunk}`.split('\n\n');
        rest = messages.pop()!;
        for (const message of messages) {
          const id = /^data: .*?"id":"([^"]+)"/m.exec(message)?.[1];
          if (id !== undefined) received(id);
        }
        resolve(request);
      });
      // The bench ends it itself.
      response.on('error', () => undefined);
    });
    request.on('error', reject);
  });
}
