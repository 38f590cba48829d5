import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  ANY, BACKWARDS, binaryEvent, END, eventTypeFilter, jsonEvent, KurrentDBClient, NO_STREAM, START, STREAM_EXISTS, streamNameFilter,
  type AllStreamSubscription, type AppendStreamState, type AppendToStreamOptions, type EventData, type Position, type ReadAllOptions, type ReadStreamOptions, type ResolvedEvent, type StreamSubscription,
} from '@kurrent/kurrentdb-client';
import { until } from '#testing/until.ts';
import { KurrentDbDouble, type KurrentDbDoubleOptions } from './kurrentdb-double.ts';
import type { LoggedEvent } from './log.ts';

const open: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(options: KurrentDbDoubleOptions = {}): Promise<{ double: KurrentDbDouble; client: KurrentDBClient }> {
  const double = await KurrentDbDouble.start(options);
  open.push(() => double.stop());
  return { double, client: connect(double.url) };
}

function connect(url: string): KurrentDBClient {
  // Its reader waits so long before it connects.
  const client = KurrentDBClient.connectionString(`${url}&discoveryInterval=10`);
  open.push(() => client.dispose());
  return client;
}

const event = (n = 0, id: string = randomUUID(), type = 'Counted'): EventData => jsonEvent({ id, type, data: { n }, metadata: { by: 'test' } });
const append = (client: KurrentDBClient, stream: string, events: EventData | EventData[], streamState: AppendStreamState = ANY, options: AppendToStreamOptions = {}) =>
  client.appendToStream(stream, events, { streamState, ...options });
const readAll = (client: KurrentDBClient, options?: ReadAllOptions): Promise<ResolvedEvent[]> => collect(client.readAll(options));
const readStream = (client: KurrentDBClient, stream: string, options?: ReadStreamOptions): Promise<ResolvedEvent[]> => collect(client.readStream(stream, options));
async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
const positions = (events: ResolvedEvent[]): bigint[] => events.map((read) => read.event!.position!.commit);
const numbers = (events: ResolvedEvent[]): unknown[] => events.map((read) => (read.event!.data as { n: number }).n);
const at = (position: bigint): Position => ({ commit: position, prepare: position });
const ofUsers = { filter: streamNameFilter({ prefixes: ['count-'] }) };
/** Without credentials of its own an append goes through BatchAppend; with them, which a plain connection then leaves out, through Append. */
const through = { BatchAppend: {}, Append: { credentials: { username: 'u', password: 'p' } } };

describe('what is written', () => {
  test.each(['26.0.0', '23.10.1.0'])('the server says that it is %s, and what it serves', async (version) => {
    const { client } = await start({ version });
    const features = await (client as any).capabilities;
    expect(features.serverVersion).toBe(version.split('.').slice(0, 3).join('.'));
    expect(features.supports({ path: '/event_store.client.streams.Streams/BatchAppend' }, 'deadline_duration')).toBe(true);
    expect(features.supports({ path: '/kurrentdb.protocol.v2.streams.StreamsService/AppendSession' })).toBe(false);
  });

  test.each(Object.entries(through))('%s tells revision and position of the last event, and each event has a position of its own, in bytes', async (_, how) => {
    const { client } = await start();
    const answer = await append(client, 'count-1', [event(1), event(2), event(3)], NO_STREAM, how);
    const second = await append(client, 'count-1', event(4), 2n, how);
    const read = await readStream(client, 'count-1');
    expect(read.map(({ event: recorded }) => recorded!.revision)).toEqual([0n, 1n, 2n, 3n]);
    expect(numbers(read)).toEqual([1, 2, 3, 4]);
    expect(answer).toMatchObject({ success: true, nextExpectedRevision: 2n, position: read[2]!.event!.position });
    expect(second).toMatchObject({ nextExpectedRevision: 3n, position: read[3]!.event!.position });
    const [one, two, three, four] = positions(read) as [bigint, bigint, bigint, bigint];
    const bytes = 88n + 8n + 8n + BigInt('{"n":1}'.length + '{"by":"test"}'.length);
    expect([two - one, three - two, four - three]).toEqual([bytes, bytes, bytes]);
    expect(positions((await readAll(client)).slice(-4))).toEqual([one, two, three, four]);
    expect(read.every((each) => each.event!.position!.prepare === each.event!.position!.commit && each.commitPosition === each.event!.position!.commit)).toBe(true);
  });

  test.each(Object.entries(through))('%s keeps bytes as they were sent', async (_, how) => {
    const { client } = await start();
    const data = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const id = randomUUID();
    await append(client, 'bytes-1', binaryEvent({ id, type: 'Bytes', data, metadata: new Uint8Array([0, 255, 128]) }), NO_STREAM, how);
    const [read] = await readStream(client, 'bytes-1');
    expect(read!.event).toMatchObject({ id, type: 'Bytes', isJson: false, streamId: 'bytes-1' });
    expect(Buffer.from(read!.event!.data as unknown as Uint8Array).equals(data)).toBe(true);
    expect([...(read!.event!.metadata as Uint8Array)]).toEqual([0, 255, 128]);
    expect(Math.abs(read!.event!.created.getTime() - Date.now())).toBeLessThan(60_000);
  });

  test.each(Object.entries(through))('%s refuses what is not at the revision that is expected, and says which is', async (_, how) => {
    const { client } = await start();
    const refused = (stream: string, state: AppendStreamState) => append(client, stream, event(), state, how).catch((error) => [error.type, error.expectedState, error.actualState]);
    expect(await refused('count-1', 0n)).toEqual(['wrong-expected-version', 0n, NO_STREAM]);
    expect(await refused('count-1', STREAM_EXISTS)).toEqual(['wrong-expected-version', STREAM_EXISTS, NO_STREAM]);
    await append(client, 'count-1', [event(), event()], NO_STREAM, how);
    await append(client, 'count-1', event(), STREAM_EXISTS, how);
    await append(client, 'count-1', event(), ANY, how);
    expect(await refused('count-1', NO_STREAM)).toEqual(['wrong-expected-version', NO_STREAM, 3n]);
    expect(await refused('count-1', 2n)).toEqual(['wrong-expected-version', 2n, 3n]);
    expect(await refused('count-1', 4n)).toEqual(['wrong-expected-version', 4n, 3n]);
    expect(await readStream(client, 'count-1')).toHaveLength(4);
  });

  test.each(Object.entries(through))('%s refuses what is too large', async (_, how) => {
    const { client } = await start({ version: '23.10.1' });
    const large = () => binaryEvent({ type: 'Large', data: new Uint8Array(600_000) });
    await append(client, 'large-1', large(), NO_STREAM, how);
    await expect(append(client, 'large-1', [large(), large()], 0n, how)).rejects.toMatchObject({ type: 'maximum-append-size-exceeded', maxAppendSize: 1024 * 1024 });
    expect(await readStream(client, 'large-1')).toHaveLength(1);
    const { client: newer } = await start();
    expect(await append(newer, 'large-1', [large(), large()], NO_STREAM, how)).toMatchObject({ success: true });
  });

  test('a batch append whose deadline has passed is not taken', async () => {
    const { client } = await start();
    await expect(append(client, 'count-1', event(), ANY, { deadline: -1_000 })).rejects.toMatchObject({ type: 'deadline-exceeded' });
    await expect(readStream(client, 'count-1')).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  test('an append of more than one message is one append', async () => {
    const { client } = await start();
    const events = Array.from({ length: 20 }, (_, n) => event(n));
    expect(await append(client, 'count-1', events, NO_STREAM, { batchAppendSize: 400 })).toMatchObject({ nextExpectedRevision: 19n });
    expect(numbers(await readStream(client, 'count-1'))).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });
});

describe('repeats', () => {
  test.each(Object.entries(through))('%s: the same ids at the same expected revision get the first answer; fewer of them that of their last', async (_, how) => {
    const { client } = await start();
    const events = [event(1), event(2)];
    const first = await append(client, 'count-1', events, NO_STREAM, how);
    await append(client, 'count-1', event(3), 1n, how);
    expect(await append(client, 'count-1', events, NO_STREAM, how)).toEqual(first);
    const read = await readStream(client, 'count-1');
    expect(await append(client, 'count-1', events.slice(0, 1), NO_STREAM, how)).toEqual({ success: true, nextExpectedRevision: 0n, position: read[0]!.event!.position });
    expect(read).toHaveLength(3);
  });

  test('only the first of the ids known is a wrong version, and so are other ids', async () => {
    const { client } = await start();
    const known = event(1);
    await append(client, 'count-1', [known, event(2)], NO_STREAM);
    await expect(append(client, 'count-1', [known, event(3)], NO_STREAM)).rejects.toMatchObject({ type: 'wrong-expected-version', actualState: 1n });
    await expect(append(client, 'count-1', [event(3)], NO_STREAM)).rejects.toMatchObject({ actualState: 1n });
    await expect(append(client, 'count-1', [known, event(3)], ANY)).rejects.toMatchObject({ type: 'wrong-expected-version', expectedState: ANY });
  });

  test('an id that is known is written again at a revision that is right', async () => {
    const { client } = await start();
    const again = event(1);
    await append(client, 'count-1', again, NO_STREAM);
    expect(await append(client, 'count-1', again, 0n)).toMatchObject({ nextExpectedRevision: 1n });
    expect(numbers(await readStream(client, 'count-1'))).toEqual([1, 1]);
  });

  test('at any revision a repeat is what the server remembers: ids written lately, at the first place', async () => {
    const { double, client } = await start();
    const id = event(1);
    const first = await append(client, 'count-1', id, ANY);
    await append(client, 'count-1', event(2), ANY);
    expect(await append(client, 'count-1', id, ANY)).toEqual(first);
    // In another stream it is none; and as the server remembers one place of an id, it is none there the next time either.
    await append(client, 'count-2', id, ANY);
    await append(client, 'count-2', id, ANY);
    expect(numbers(await readStream(client, 'count-2'))).toEqual([1, 1]);
    double.forgetRecentIds();
    expect(await append(client, 'count-1', id, ANY)).toMatchObject({ nextExpectedRevision: 2n });
    expect(await append(client, 'count-1', id, NO_STREAM)).toEqual(first);
  });

  test('what is remembered is bounded', async () => {
    const { client } = await start({ recentIdsBytesMax: 300 });
    const oldest = event(1);
    await append(client, 'count-1', oldest, ANY);
    for (let n = 2; n <= 10; n++) await append(client, 'count-1', event(n), ANY);
    expect(await append(client, 'count-1', oldest, ANY)).toMatchObject({ nextExpectedRevision: 10n });
  });

  test('of events that were truncated away since, a repeat has no position', async () => {
    const { double, client } = await start();
    const gone = event(1);
    await append(client, 'count-1', [gone, event(2)], NO_STREAM);
    await double.truncateBefore('count-1', 1);
    expect(await append(client, 'count-1', gone, NO_STREAM)).toEqual({ success: true, nextExpectedRevision: 0n, position: undefined });
  });
});

describe('reading a stream', () => {
  test('forward, backward, from a revision, a number of events', async () => {
    const { client } = await start();
    await append(client, 'count-1', Array.from({ length: 100 }, (_, n) => event(n)), NO_STREAM);
    expect(numbers(await readStream(client, 'count-1', { fromRevision: 97n }))).toEqual([97, 98, 99]);
    expect(numbers(await readStream(client, 'count-1', { fromRevision: START, maxCount: 2 }))).toEqual([0, 1]);
    expect(numbers(await readStream(client, 'count-1', { direction: BACKWARDS, fromRevision: END, maxCount: 2 }))).toEqual([99, 98]);
    expect(numbers(await readStream(client, 'count-1', { direction: BACKWARDS, fromRevision: 1n }))).toEqual([1, 0]);
    expect(await readStream(client, 'count-1', { fromRevision: 100n })).toEqual([]);
  });

  test('one that never was is not found', async () => {
    const { client } = await start();
    await expect(readStream(client, 'count-1')).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  test('truncated by its metadata it begins later and says nothing of it, and all still has what it lost', async () => {
    const { client } = await start();
    await append(client, 'count-1', Array.from({ length: 50 }, (_, n) => event(n)), NO_STREAM);
    await client.setStreamMetadata('count-1', { truncateBefore: 40 });
    expect(numbers(await readStream(client, 'count-1', { maxCount: 2 }))).toEqual([40, 41]);
    await client.setStreamMetadata('count-1', { maxCount: 3 });
    expect(numbers(await readStream(client, 'count-1'))).toEqual([47, 48, 49]);
    expect(numbers(await readStream(client, 'count-1', { direction: BACKWARDS, fromRevision: END }))).toEqual([49, 48, 47]);
    expect((await client.getStreamMetadata('count-1')).metadata).toEqual({ maxCount: 3 });
    expect(await readAll(client, ofUsers)).toHaveLength(50);
  });

  test('deleted softly it is not found, and goes on where it ended; deleted for good it is refused for ever', async () => {
    const { double, client } = await start();
    await append(client, 'count-1', [event(0), event(1)], NO_STREAM);
    await client.deleteStream('count-1');
    await expect(readStream(client, 'count-1')).rejects.toMatchObject({ type: 'stream-not-found' });
    await expect(append(client, 'count-1', event(2), STREAM_EXISTS)).rejects.toMatchObject({ type: 'stream-deleted' });
    expect(await append(client, 'count-1', event(2), NO_STREAM)).toMatchObject({ nextExpectedRevision: 2n });
    expect(numbers(await readStream(client, 'count-1'))).toEqual([2]);
    await double.deleteStream('count-1');
    await expect(readStream(client, 'count-1')).rejects.toMatchObject({ type: 'stream-not-found' });
    await double.tombstone('count-1');
    await expect(readStream(client, 'count-1')).rejects.toMatchObject({ type: 'stream-deleted' });
    for (const how of Object.values(through)) await expect(append(client, 'count-1', event(3), ANY, how)).rejects.toMatchObject({ type: 'stream-deleted', streamName: 'count-1' });
    await expect(client.deleteStream('count-9', { expectedRevision: 4n })).rejects.toMatchObject({ type: 'wrong-expected-version' });
  });
});

describe('reading all', () => {
  test('forward from a position reads it too, backward what stands before it; the server has events of its own', async () => {
    const { client } = await start();
    await append(client, 'count-1', [event(1), event(2), event(3)]);
    const all = await readAll(client);
    expect(all.slice(0, -3).map((read) => read.event!.streamId.startsWith('$'))).toEqual([true, true, true, true]);
    const [, two, three] = positions(all.slice(-3)) as [bigint, bigint, bigint];
    expect(numbers(await readAll(client, { fromPosition: at(two) }))).toEqual([2, 3]);
    expect(numbers(await readAll(client, { fromPosition: at(two), maxCount: 1 }))).toEqual([2]);
    expect(numbers(await readAll(client, { fromPosition: at(three), direction: BACKWARDS, maxCount: 2 }))).toEqual([2, 1]);
    expect(numbers(await readAll(client, { fromPosition: END, direction: BACKWARDS, maxCount: 1 }))).toEqual([3]);
  });

  test('filtered by names of streams or types, by prefix or regular expression', async () => {
    const { client } = await start();
    await append(client, 'count-1', [event(1, undefined, 'Up'), event(2, undefined, 'Down')]);
    await append(client, 'other-1', [event(3, undefined, 'Up')]);
    const filtered = async (filter: ReadAllOptions['filter']) => numbers(await readAll(client, { filter }));
    expect(await filtered(streamNameFilter({ prefixes: ['count-', 'none-'] }))).toEqual([1, 2]);
    expect(await filtered(streamNameFilter({ regex: '^[^$].*-1$' }))).toEqual([1, 2, 3]);
    expect(await filtered(eventTypeFilter({ prefixes: ['U'] }))).toEqual([1, 3]);
    expect(await filtered(eventTypeFilter({ regex: '^[^$]' }))).toEqual([1, 2, 3]);
    expect(numbers(await readAll(client, { filter: eventTypeFilter({ prefixes: ['U'] }), maxCount: 1 }))).toEqual([1]);
  });

  test.each(['26.0.0', '23.10.1'])('%s: a position where no record begins is refused, but above the last event there is just nothing', async (version) => {
    const { client } = await start({ version });
    const { position } = await append(client, 'count-1', [event(1), event(2), event(3)]);
    const all = positions(await readAll(client));
    for (const event of all.slice(0, -1)) {
      // The bridge makes "unavailable" of what the server says (UNKNOWN).
      await expect(readAll(client, { fromPosition: at(event + 1n) })).rejects.toMatchObject({ type: 'unavailable' });
      await expect(readAll(client, { fromPosition: at(event + 1n), ...ofUsers })).rejects.toMatchObject({ type: 'unavailable' });
    }
    await expect(readAll(client, { fromPosition: at(all.at(-1)! - 1n), direction: BACKWARDS })).rejects.toMatchObject({ type: 'unavailable' });
    await expect(readAll(client, { fromPosition: at(position!.commit + 1_000n), direction: BACKWARDS })).rejects.toMatchObject({ type: 'unavailable' });
    expect(await readAll(client, { fromPosition: at(position!.commit + 1n) })).toEqual([]);
    expect(await readAll(client, { fromPosition: at(position!.commit + 1_000n) })).toEqual([]);
  });

  test('more than fits into memory at once is given no faster than it is taken', async () => {
    const { double, client } = await start();
    for (let n = 0; n < 20; n++) await append(client, 'large-1', binaryEvent({ type: 'Large', data: new Uint8Array(1024 * 1024) }));
    const sent = new Set<LoggedEvent>();
    for (const { event: large } of double.log.records)
      if (large?.type === 'Large') large.data = Object.defineProperty(Buffer.from(large.data), 'length', { get: () => (sent.add(large), 1024 * 1024) });
    const subscription = client.subscribeToStream('large-1', {}, { highWaterMark: 1 });
    await once(subscription, 'readable');
    expect(sent.size).toBeLessThan(20);
    let taken = 0;
    for await (const _ of subscription) if ((taken += 1) === 20) break;
    expect(sent.size).toBe(20);
  });
});

describe('subscriptions', () => {
  /** What a subscription has given so far, what it said beside events, and how it ended. */
  function follow(subscription: AllStreamSubscription | StreamSubscription) {
    const seen = { events: [] as ResolvedEvent[], confirmed: 0, caughtUp: [] as any[], fellBehind: 0, error: undefined as any };
    subscription.on('data', (read: ResolvedEvent) => seen.events.push(read));
    subscription.on('confirmation', () => (seen.confirmed += 1));
    subscription.on('caughtUp', (info) => seen.caughtUp.push(info));
    subscription.on('fellBehind', () => (seen.fellBehind += 1));
    subscription.on('error', (error) => (seen.error = error));
    return seen;
  }
  const counts = (seen: { events: ResolvedEvent[] }): unknown[] => numbers(seen.events.filter((read) => read.event!.streamId.startsWith('count-')));

  test.each(['26.0.0', '23.10.1'])('%s: to all, from the start: what is there, word that it is at the end, then what comes', async (version) => {
    const { client } = await start({ version });
    const { position } = await append(client, 'count-1', [event(1), event(2)]);
    const seen = follow(client.subscribeToAll());
    await until(() => seen.caughtUp.length === 1);
    expect(counts(seen)).toEqual([1, 2]);
    expect(seen.confirmed).toBe(1);
    expect(seen.caughtUp[0]).toEqual(version === '26.0.0' ? { date: expect.any(Date), position } : {});
    await append(client, 'count-2', [event(3), event(4)]);
    await until(() => counts(seen).length === 4);
    expect(counts(seen)).toEqual([1, 2, 3, 4]);
    expect(seen).toMatchObject({ caughtUp: [expect.anything()], fellBehind: 0, error: undefined });
  });

  test.each(['26.0.0', '23.10.1'])('%s: to all, from behind an event, or from the end', async (version) => {
    const { client } = await start({ version });
    const { position } = await append(client, 'count-1', event(1));
    await append(client, 'count-1', [event(2), event(3)]);
    const [behind, live] = [follow(client.subscribeToAll({ fromPosition: position! })), follow(client.subscribeToAll({ fromPosition: END }))];
    await until(() => behind.caughtUp.length === 1 && live.caughtUp.length === 1);
    expect([counts(behind), counts(live)]).toEqual([[2, 3], []]);
    await append(client, 'count-1', event(4));
    await until(() => counts(behind).length === 3 && counts(live).length === 1);
    expect([counts(behind), counts(live)]).toEqual([[2, 3, 4], [4]]);
  });

  test('a position that is no record ends it: 26 has confirmed it before, and both say so in their own way', async () => {
    for (const [version, confirmed, code] of [['26.0.0', 1, 3], ['23.10.1', 0, 2]] as const) {
      const { client } = await start({ version });
      const { position } = await append(client, 'count-1', event(1));
      await append(client, 'count-1', event(2));
      const seen = follow(client.subscribeToAll({ fromPosition: at(position!.commit + 1n) }));
      await until(() => seen.error);
      expect(seen).toMatchObject({ confirmed, error: { type: 'unknown', code }, events: [] });
    }
  });

  test("from a record that is no event's, 23.10 leaves out the event behind it; 26 doesn't", async () => {
    for (const [version, given] of [['26.0.0', [1, 2]], ['23.10.1', [2]]] as const) {
      const { double, client } = await start({ version });
      const epoch = BigInt(double.log.begin());
      await append(client, 'count-1', [event(1), event(2)]);
      const seen = follow(client.subscribeToAll({ fromPosition: at(epoch) }));
      await until(() => seen.caughtUp.length === 1);
      expect(counts(seen)).toEqual(given);
    }
  });

  test.each(['26.0.0', '23.10.1'])('%s: filtered, with word of how far it looked', async (version) => {
    const { client } = await start({ version });
    const checkpoints: bigint[] = [];
    const checkpointReached = async (_: unknown, position: Position): Promise<void> => void checkpoints.push(position.commit);
    const filter = streamNameFilter({ prefixes: ['count-'], checkpointInterval: 2, maxSearchWindow: 5, checkpointReached });
    await append(client, 'other-1', Array.from({ length: 30 }, (_, n) => event(n)));
    const seen = follow(client.subscribeToAll({ filter }));
    await until(() => seen.caughtUp.length === 1);
    const past = checkpoints.length;
    expect(past).toBe(version === '26.0.0' ? 4 : 3);
    await append(client, 'other-1', Array.from({ length: 20 }, (_, n) => event(n)));
    await append(client, 'count-1', event(1));
    await until(() => counts(seen).length === 1 && checkpoints.length === past + 2);
    const all = positions(await readAll(client));
    expect(checkpoints.every((checkpoint) => all.includes(checkpoint))).toBe(true);
    // From each of them on nothing is missed that matches.
    for (const checkpoint of checkpoints) {
      const resumed = follow(client.subscribeToAll({ fromPosition: at(checkpoint), filter: streamNameFilter({ prefixes: ['count-'] }) }));
      await until(() => resumed.caughtUp.length === 1);
      expect(counts(resumed)).toEqual([1]);
    }
  });

  test('to a stream: one that comes into being later, from a revision, until it is deleted', async () => {
    const { double, client } = await start();
    const seen = follow(client.subscribeToStream('count-1'));
    await until(() => seen.caughtUp.length === 1);
    await append(client, 'count-1', [event(1), event(2)]);
    await append(client, 'other-1', event(9));
    const later = follow(client.subscribeToStream('count-1', { fromRevision: 0n }));
    const live = follow(client.subscribeToStream('count-1', { fromRevision: END }));
    await until(() => seen.events.length === 2 && later.caughtUp.length === 1 && live.caughtUp.length === 1);
    expect(later.caughtUp).toEqual([{ date: expect.any(Date), revision: 1n }]);
    await append(client, 'count-1', event(3));
    await until(() => seen.events.length === 3 && later.events.length === 2 && live.events.length === 1);
    expect([counts(seen), counts(later), counts(live)]).toEqual([[1, 2, 3], [2, 3], [3]]);
    await double.tombstone('count-1');
    await until(() => seen.error && later.error && live.error);
    expect(seen.error).toMatchObject({ type: 'stream-deleted', streamName: 'count-1' });
  });

  describe('a client that takes live events too slowly', () => {
    async function overwhelm(options: KurrentDbDoubleOptions) {
      const { client } = await start(options);
      const subscription = client.subscribeToAll({ fromPosition: END }, { highWaterMark: 1 });
      const first = once(subscription, 'caughtUp');
      subscription.resume();
      await first;
      subscription.pause();
      const large = () => binaryEvent({ type: 'Large', data: new Uint8Array(64 * 1024) });
      for (let n = 0; n < 20; n++) await append(client, 'large-1', Array.from({ length: 10 }, large));
      return { seen: follow(subscription), resume: () => subscription.resume() };
    }

    test('is dropped by 23.10', async () => {
      const { seen, resume } = await overwhelm({ version: '23.10.1' });
      resume();
      await until(() => seen.error);
      expect(seen.error).toMatchObject({ code: 10, message: expect.stringContaining('Consumer too slow') });
      expect(seen.events.length).toBeLessThan(200);
    });

    test('is given them by 26 nevertheless, and told again that it is at the end', async () => {
      const { seen, resume } = await overwhelm({});
      resume();
      await until(() => seen.events.length === 200 && seen.caughtUp.length === 1);
      expect(seen).toMatchObject({ error: undefined, fellBehind: 0 });
      expect(seen.events.map((read) => read.event!.revision)).toEqual(Array.from({ length: 200 }, (_, n) => BigInt(n)));
    });

    test('hears that it fell behind from a server that says so', async () => {
      const { seen, resume } = await overwhelm({ tellsFellBehind: true });
      resume();
      await until(() => seen.events.length === 200 && seen.caughtUp.length === seen.fellBehind && seen.fellBehind > 0);
      expect(seen.error).toBeUndefined();
    });
  });
});

describe('what goes wrong', () => {
  test('connections are dropped: what was under way fails, subscriptions end, and the next call connects again', async () => {
    const { double, client } = await start();
    await append(client, 'count-1', event(1));
    expect(await readStream(client, 'count-1')).toHaveLength(1);
    const ended = client.subscribeToAll().on('data', () => {});
    const error = once(ended, 'error');
    await once(ended, 'caughtUp');
    double.holdAnswers();
    const unanswered = append(client, 'count-1', event(2)).catch((failure) => failure.type);
    await until(() => double.log.records.at(-1)!.event!.revision === 1);
    double.dropConnections();
    expect(await unanswered).toMatch(/unavailable|cancelled/);
    expect((await error)[0].type).toMatch(/unavailable|cancelled/);
    double.releaseAnswers();
    expect(await append(client, 'count-1', event(3))).toMatchObject({ nextExpectedRevision: 2n });
    await until(async () => numbers(await readStream(client, 'count-1')).length === 3);
  });

  test('answers are lost, though what they answer was written: a repeat gets them', async () => {
    const { double, client } = await start();
    const once = event(1);
    double.loseAnswers(1);
    await expect(append(client, 'count-1', once, NO_STREAM)).rejects.toMatchObject({ type: expect.stringMatching(/unavailable|cancelled/) });
    expect(double.answersToLose).toBe(0);
    expect(await append(client, 'count-1', once, NO_STREAM)).toMatchObject({ nextExpectedRevision: 0n });
    expect(numbers(await readStream(client, 'count-1'))).toEqual([1]);
  });

  test('answers say that a write took too long, though it took place', async () => {
    const { double, client } = await start();
    const late = [event(1), event(2)] as const;
    double.timeOutAnswers(2);
    await expect(append(client, 'count-1', late[0], NO_STREAM)).rejects.toMatchObject({ type: 'deadline-exceeded' });
    // Of this the client makes nothing that it knows.
    await expect(append(client, 'count-1', late[1], 0n, through.Append)).rejects.toMatchObject({ code: 10 });
    expect(numbers(await readStream(client, 'count-1'))).toEqual([1, 2]);
    expect(await append(client, 'count-1', late[0], NO_STREAM)).toMatchObject({ nextExpectedRevision: 0n });
  });

  test('a server that is not ready says so, and writes nothing', async () => {
    const { double, client } = await start();
    await append(client, 'count-1', event(1));
    double.unready = true;
    await expect(append(client, 'count-1', event(2))).rejects.toMatchObject({ type: 'unknown', message: 'Could not recognize Server Is Not Ready' });
    await expect(append(client, 'count-1', event(2), ANY, through.Append)).rejects.toMatchObject({ type: 'unavailable' });
    await expect(readStream(client, 'count-1')).rejects.toMatchObject({ type: 'unavailable' });
    expect((await once(client.subscribeToAll().on('data', () => {}), 'error'))[0]).toMatchObject({ type: 'unavailable' });
    double.unready = false;
    await append(client, 'count-1', event(3));
    expect(numbers(await readStream(connect(double.url), 'count-1'))).toEqual([1, 3]);
  });

  test('answers are held back, and given when released; others read what was written', async () => {
    const { double, client } = await start();
    double.holdAnswers();
    let answered = false;
    const answer = append(client, 'count-1', event(1)).finally(() => (answered = true));
    await until(async () => (await readAll(client, ofUsers)).length === 1);
    expect(answered).toBe(false);
    double.releaseAnswers();
    expect(await answer).toMatchObject({ nextExpectedRevision: 0n });
  });

  test('paused it answers nothing, not even a read, until it goes on', async () => {
    const { double, client } = await start();
    await append(client, 'count-1', event(1));
    double.pause();
    const impatient = append(client, 'count-1', event(2), ANY, { ...through.Append, deadline: 200 });
    await until(() => double.waiting === 1);
    await expect(impatient).rejects.toMatchObject({ type: 'deadline-exceeded' });
    await until(() => double.waiting === 0);
    const waiting = [append(client, 'count-1', event(3)), readStream(client, 'count-1')];
    double.resume();
    await Promise.all(waiting);
    // What its client no longer waited for was not taken.
    expect(numbers(await readStream(client, 'count-1'))).toEqual([1, 3]);
  });

  test('stopped it is unavailable; started again it has all that was written, on the same port, and remembers no ids', async () => {
    const { double, client } = await start();
    const known = event(1);
    await append(client, 'count-1', known);
    // The client's reader never recovers where its first connection fails.
    expect(await readStream(client, 'count-1')).toHaveLength(1);
    await double.stop();
    await expect(append(client, 'count-1', event(2))).rejects.toMatchObject({ type: 'unavailable' });
    await expect(readStream(client, 'count-1')).rejects.toMatchObject({ type: 'unavailable' });
    await double.start();
    await until(async () => (await readStream(client, 'count-1')).length === 1);
    expect(await append(client, 'count-1', known, ANY)).toMatchObject({ nextExpectedRevision: 1n });
  });

  test('what needs the leader is told where it is, and follows; other calls are served where they come', async () => {
    const { double, client } = await start();
    const leader = await KurrentDbDouble.start({ joins: double });
    open.push(() => leader.stop());
    await append(client, 'count-1', event(1));
    const reader = connect(`${double.url}&nodePreference=random`);
    expect(await readStream(client, 'count-1')).toHaveLength(1);
    double.stepDown(leader.endpoint);
    const requiresLeader = { requiresLeader: true };
    await append(client, 'count-1', event(2));
    expect(await readStream(reader, 'count-1')).toHaveLength(2);
    // The client's reader needs the leader unless it is told otherwise.
    await expect(readStream(client, 'count-1')).rejects.toMatchObject({ type: 'not-leader', leader: { address: '127.0.0.1', port: leader.port } });
    expect(await readStream(client, 'count-1')).toHaveLength(2);
    const subscription = client.subscribeToAll(requiresLeader).on('data', () => {});
    expect((await once(subscription, 'error'))[0]).toMatchObject({ type: 'not-leader', leader: { port: leader.port } });
    const other = connect(double.url);
    for (const how of Object.values(through))
      await expect(append(connect(double.url), 'count-1', event(3), ANY, { ...how, ...requiresLeader })).rejects.toMatchObject({ type: 'not-leader', leader: { port: leader.port } });
    await append(other, 'count-1', event(4), ANY, requiresLeader).catch(() => {});
    expect(await append(other, 'count-1', event(5), ANY, requiresLeader)).toMatchObject({ nextExpectedRevision: 2n });
    double.stepDown();
    await expect(append(connect(double.url), 'count-1', event(6), ANY, { ...through.Append, ...requiresLeader })).rejects.toMatchObject({ type: 'unknown', code: 2 });
  });

  test('a client that knows all servers asks them who leads', async () => {
    const { double } = await start();
    const follower = await KurrentDbDouble.start({ joins: double });
    open.push(() => follower.stop());
    const client = connect(double.clusterUrl);
    await append(client, 'count-1', event(1), ANY, { requiresLeader: true });
    expect(numbers(await readStream(client, 'count-1', { requiresLeader: true }))).toEqual([1]);
    double.stepDown(follower.endpoint);
    await double.stop();
    await until(() => append(client, 'count-1', event(2), 0n, { requiresLeader: true }));
    // The client's reader stays with the server that it found first; one that begins now finds the other.
    expect(numbers(await readStream(connect(double.clusterUrl), 'count-1', { requiresLeader: true }))).toEqual([1, 2]);
  });

  test('over TLS only who has the credentials reads and writes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kurrentdb-double-'));
    open.push(() => rmSync(folder, { recursive: true }));
    execFileSync('sh', [join(import.meta.dirname, '../../../deploy/kurrentdb/make-certificates.sh'), '--out', folder, 'node']);
    const [key, cert, caFile] = [readFileSync(join(folder, 'nodes/node/node.key')), readFileSync(join(folder, 'nodes/node/node.crt')), join(folder, 'trusted/ca.crt')];
    const { double } = await start({ tls: { key, cert }, credentials: { user: 'ledger', password: 'secret' } });
    const known = connect(`${double.url}&tlsCaFile=${caFile}`);
    for (const how of [{}, { credentials: { username: 'ledger', password: 'secret' } }]) expect(await append(known, 'count-1', event(1), ANY, how)).toMatchObject({ success: true });
    expect(await readStream(known, 'count-1')).toHaveLength(2);
    // Nobody is refused append by append, in answers without a code; who claims to be somebody has each call refused.
    for (const [user, code] of [['', undefined], ['ledger:wrong@', 16]]) {
      const stranger = connect(`kurrentdb://${user}127.0.0.1:${double.port}?tls=true&tlsCaFile=${caFile}`);
      await expect(append(stranger, 'count-1', event(2))).rejects.toMatchObject({ type: 'access-denied', code });
      await expect(readStream(stranger, 'count-1')).rejects.toMatchObject({ type: 'access-denied' });
      expect((await once(stranger.subscribeToAll().on('data', () => {}), 'error'))[0]).toMatchObject({ type: 'access-denied' });
    }
    await expect(readStream(connect(`${double.url}`), 'count-1')).rejects.toThrow();
  });
});

test('as a process of its own it keeps what it acknowledged in a file, whatever ends it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kurrentdb-double-'));
  open.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'log');
  async function run(): Promise<{ client: KurrentDBClient; kill: () => Promise<unknown> }> {
    const root = join(import.meta.dirname, '../../..');
    const program = spawn(process.execPath, ['--import', './test/typescript.mjs', 'libs/testing/kurrentdb-double/run.ts', '--port', '0', '--log', file], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(program, 'exit');
    open.push(() => (program.exitCode === null && program.signalCode === null ? (program.kill(), ended.then(() => {})) : undefined));
    const [line] = (await once(createInterface(program.stdout), 'line')) as [string];
    return { client: connect(/kurrentdb:\S+/.exec(line)![0]), kill: () => (program.kill('SIGKILL'), ended) };
  }

  const first = await run();
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => append(first.client, `count-${n}`, [event(n), event(n)], NO_STREAM)));
  await first.client.setStreamMetadata('count-1', { truncateBefore: 1 });
  const before = await readAll(first.client);
  await first.kill();
  appendFileSync(file, '[{"position":99999999,"end":1000');
  const second = await run();
  expect(await readAll(second.client)).toEqual(before);
  const read = await readStream(second.client, 'count-7');
  expect(read[1]!.event!.position).toEqual(answers[7]!.position);
  expect(await readStream(second.client, 'count-1')).toHaveLength(1);
  expect(await append(second.client, 'count-7', event(8), 1n)).toMatchObject({ nextExpectedRevision: 2n });
  await second.kill();
  expect(numbers(await readStream((await run()).client, 'count-7'))).toEqual([7, 7, 8]);
});
