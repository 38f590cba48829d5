import { CloudEvent, published, sequenceOf } from '#contracts/published.ts';
import { FeedSummary } from '#contracts/feed-summary.ts';
import { logOf } from '#testing/given.ts';
import { everything } from '#testing/scenes.ts';
import { serverSentEventsOf } from '#testing/server-sent-events.ts';
import { spreadPositions } from '#testing/spread-positions.ts';
import { until } from '#testing/until.ts';
import { testLedger, type Caller, type TestLedger } from '../ledger.fixture.ts';
import { serverSentEvents } from './server-sent-events.ts';

const log = logOf(everything);
const LATER = 12;

let ledger: TestLedger;

beforeEach(async () => {
  ledger = await testLedger(log.slice(0, -LATER));
});

afterEach(() => ledger.stop());

test('pages give every published event once, in order, as Kafka carries it, and pass over the others', async () => {
  const items: CloudEvent[] = [];
  let after = 0;
  let head: number;
  do {
    const { body } = await ledger.get(`feed?after=${after}&limit=5`);
    expect(body.items.length).toBeLessThanOrEqual(5);
    expect(body.next).toBeGreaterThan(after);
    items.push(...body.items);
    after = body.next;
    head = body.head;
  } while (after < head);
  const stored = await ledger.store.readAll(0, 10_000);
  expect(items).toEqual(stored.flatMap((event) => published(event) ?? []));
  expect(items.map((item) => CloudEvent.parse(item))).toEqual(items);
  expect((await ledger.get(`feed?after=${head}`)).body).toEqual({ items: [], next: head, head });
  // A sequence is as good as a position.
  expect((await ledger.get(`feed?after=${items[2]!.sequence}&limit=1`)).body.items).toEqual([items[3]]);
});

test('pages and stream are the same where positions have gaps', async () => {
  await ledger.stopViews();
  await spreadPositions(ledger.databaseUrl);
  const stored = await ledger.store.readAll(0, 10_000);
  const all = stored.flatMap((event) => published(event) ?? []);
  const items: CloudEvent[] = [];
  for (let after = 0, head = Infinity; after < head;) {
    const { body } = await ledger.get(`feed?after=${after}&limit=5`);
    items.push(...body.items);
    ({ next: after, head } = body);
  }
  expect(items).toEqual(all);
  expect((await ledger.get(`feed?after=${stored.at(-1)!.position - 1}`)).body).toMatchObject({ next: stored.at(-1)!.position });
  const stream = await follow(`feed?after=${Number(all[2]!.sequence) + 1}`);
  await until(() => stream.events.length === all.length - 3);
  expect(stream.events).toEqual(all.slice(3));
  stream.close();
});

test('the summary counts what the pages give', async () => {
  const { head } = (await ledger.get('feed')).body;
  const { items } = (await ledger.get('feed?limit=1000')).body;
  const { body } = await ledger.get(`feed/summary?minPosition=${head}`);
  expect(FeedSummary.parse(body).head).toBe(head);
  expect(body.position).toBe(head);
  for (const { topic, count, lastSequence } of body.topics) {
    const of = items.filter(({ type }: CloudEvent) => type.startsWith(topic.replace('.v1', '.')));
    expect({ topic, count, lastSequence }).toEqual({ topic, count: of.length, lastSequence: of.at(-1)?.sequence ?? null });
  }
});

test('a stream tells what is there and then what comes, and resumes after the last id', async () => {
  const stored = await ledger.store.readAll(0, 10_000);
  const there = stored.flatMap((event) => published(event) ?? []);
  const stream = await follow('feed');
  expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  await until(() => stream.events.length === there.length);
  await ledger.record(log.slice(-LATER));
  const all = (await ledger.store.readAll(0, 10_000)).flatMap((event) => published(event) ?? []);
  await until(() => stream.events.length === all.length);
  expect(stream.events).toEqual(all);

  // The last event is not public: its id came alone, so that nobody asks for it again.
  const head = await ledger.store.head();
  expect(published((await ledger.store.readAll(head - 1, 1))[0]!)).toBeUndefined();
  await until(() => stream.lastId === sequenceOf(head));
  stream.close();

  const resumed = await follow('feed?after=3', { 'last-event-id': all.at(-3)!.sequence });
  await until(() => resumed.lastId === sequenceOf(head));
  expect(resumed.events).toEqual(all.slice(-2));
  resumed.close();
});

test('a malformed Last-Event-ID is refused', async () => {
  const answer = await ledger.get('feed', undefined, { accept: 'text/event-stream', 'last-event-id': 'x' });
  expect(answer).toMatchObject({ status: 400, body: { code: 'REQUEST.INVALID_HEADER' } });
});

test('so many streams for one, and so many for all; one that is closed makes room', async () => {
  const open = async (caller?: Caller) => {
    const stream = await follow('feed', await ledger.authorization(caller));
    if (stream.response.status !== 200) stream.close();
    return stream;
  };
  const streams = await Promise.all(Array.from({ length: 10 }, () => open()));
  expect(await ledger.get('feed', undefined, { accept: 'text/event-stream' })).toMatchObject({ status: 503, body: { code: 'FEED.BUSY' } });
  expect((await ledger.get('feed?limit=1')).status).toBe(200);

  for (const id of ['1', '2', '3', '4', '5', '6', '7', '8', '9']) for (let n = 0; n < 10; n++) streams.push(await open(['reviewer', 'UNESCO', id]));
  expect(streams.map((stream) => stream.response.status)).toEqual(Array(100).fill(200));
  expect((await open(['reviewer', 'UNESCO', 'another'])).response.status).toBe(503);
  streams.pop()!.close();
  streams.push(await until(async () => {
    const stream = await open(['reviewer', 'UNESCO', 'another']);
    return stream.response.status === 200 && stream;
  }));
  for (const stream of streams) stream.close();
});

test('who has seen more than there is, is told: silence would look like no news', async () => {
  const beyond = (await ledger.store.head()) + 1;
  for (const accept of ['application/json', 'text/event-stream'])
    expect(await ledger.get(`feed?after=${beyond}`, undefined, { accept })).toMatchObject({ status: 409, body: { code: 'FEED.BEYOND_THE_END' } });
  const resumed = await ledger.get('feed', undefined, { accept: 'text/event-stream', 'last-event-id': sequenceOf(beyond) });
  expect(resumed).toMatchObject({ status: 409, body: { code: 'FEED.BEYOND_THE_END' } });
});

test('streams end when the process stops', async () => {
  const stream = await follow('feed');
  await until(() => stream.events.length > 0);
  await ledger.api.close();
  await stream.ended;
});

test('while nothing comes it beats', async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const chunk of serverSentEvents(ledger.store, await ledger.store.head(), stop.signal, 1)) {
    seen.push(chunk);
    if (seen.length === 4) stop.abort();
  }
  expect(seen.slice(0, 4)).toEqual(['retry: 2000\n\n', ': still here\n\n', ': still here\n\n', ': still here\n\n']);
});

test('an event that newer software wrote is not stepped over', async () => {
  const head = await ledger.store.head();
  const [first] = log as [(typeof log)[number]];
  await ledger.store.append('agency-NEW', 0, [{ ...first, id: '00000000-0000-4000-8000-000000000001', type: 'FromTheFuture' }]);
  expect(await ledger.get(`feed?after=${head}`)).toMatchObject({ status: 503, body: { code: 'EVENT.TYPE_UNKNOWN' } });
  const { items, next } = (await ledger.get('feed?limit=1000')).body;
  expect(next).toBe(head);
  expect(items.length).toBeGreaterThan(0);
});

interface Stream {
  response: Response;
  events: CloudEvent[];
  lastId: string | undefined;
  ended: Promise<void>;
  close(): void;
}

async function follow(path: string, headers: Record<string, string> = {}): Promise<Stream> {
  const closing = new AbortController();
  const response = await fetch(`${ledger.url}/v1/${path}`, { headers: { accept: 'text/event-stream', ...headers }, signal: closing.signal });
  const stream: Stream = { response, events: [], lastId: undefined, ended: Promise.resolve(), close: () => closing.abort() };
  stream.ended = read(stream, closing.signal);
  return stream;
}

async function read(stream: Stream, signal: AbortSignal): Promise<void> {
  try {
    for await (const { id, data } of serverSentEventsOf(stream.response)) {
      stream.lastId = id ?? stream.lastId;
      if (data !== undefined) stream.events.push(JSON.parse(data) as CloudEvent);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
