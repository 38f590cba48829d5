import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { END, jsonEvent, START, type KurrentDBClient } from '@kurrent/kurrentdb-client';
import { newStream, someEvent, someEvents } from '../event-store.contract.ts';
import { connectTo, disconnect, parseKurrentDbUrl } from './connection.ts';
import { KurrentDbEventStore } from './kurrentdb-event-store.ts';
import { Reads } from './reads.ts';
import { openServer, type ServerUnderTest } from './server-under-test.fixture.ts';

/** Time limit of tests that read much, or start a process. */
const SLOW_MS = 60_000;
const TRUNCATED = { name: 'EventStoreError', code: 'EVENT_STORE.TRUNCATED' };

/** What KurrentDB does beside the contract, the same on the double and on a real server. */
let server: ServerUnderTest;
let url: string;
let store: KurrentDbEventStore;
/** Somebody who looks at the server, and is not the store. */
let client: KurrentDBClient;
let open: (() => Promise<void>)[];

beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.stop());

beforeEach(async () => {
  open = [];
  url = server.newLog();
  store = await connect(url);
  client = connectTo(parseKurrentDbUrl(url).toLeader);
  open.push(() => disconnect(client));
});
afterEach(async () => {
  for (const close of open.reverse()) await close();
});

describe('readAll', () => {
  test('begins behind any integer: at an event, between two, before the first and above the last, also for a process that knows no position', async () => {
    for (let n = 0; n < 4; n += 1) {
      await store.append(newStream(), 0, someEvents(1));
      // Somebody else's, between ours.
      await client.appendToStream(`other-${randomUUID()}`, jsonEvent({ type: 'Other', data: {} }));
    }
    const events = await store.readAll(0, 10);
    expect(events).toHaveLength(4);
    const [first, second, , last] = events.map(({ position }) => position) as [number, number, number, number];
    const between = Array.from({ length: second - first + 3 }, (_, n) => first - 1 + n);
    for (const after of [1, ...between, last - 1, last, last + 1, last + 1_000, Number.MAX_SAFE_INTEGER]) {
      const stranger = after % 50 === 0 ? await connect(url) : store;
      expect(await stranger.readAll(after, 10)).toEqual(events.filter(({ position }) => position > after));
    }
  }, SLOW_MS);

  test('sees its own log alone', async () => {
    const other = await connect(server.newLog());
    const stream = newStream();
    const [mine, theirs] = [someEvent(), someEvent()];
    await store.append(stream, 0, [mine]);
    expect(await other.head()).toBe(0);
    expect(await other.append(stream, 0, [theirs])).toMatchObject({ outcome: 'appended', revision: 1 });
    for (const [log, event] of [[store, mine], [other, theirs]] as const) {
      expect((await log.readAll(0, 10)).map(({ id }) => id)).toEqual([event.id]);
      expect((await log.readStream(stream)).map(({ id }) => id)).toEqual([event.id]);
      expect(await log.head()).toBe((await log.readAll(0, 10))[0]!.position);
      expect(await log.positionAt(new Date(8.64e15))).toBe(await log.head());
    }
  });
});

describe('a stream that lost events', () => {
  const harms: [string, (name: string) => Promise<unknown>][] = [
    ['was truncated', (name) => client.setStreamMetadata(name, { truncateBefore: 2 })],
    ['was truncated whole', (name) => client.setStreamMetadata(name, { truncateBefore: 4 })],
    ['may hold so many', (name) => client.setStreamMetadata(name, { maxCount: 1 })],
    ['was deleted softly', (name) => client.deleteStream(name)],
    ['was deleted for good', (name) => client.tombstoneStream(name)],
  ];

  test.each(harms)('since it %s is refused rather than folded', async (_, harm) => {
    const stream = newStream();
    await store.append(stream, 0, someEvents(4));
    await harm(nameOf(stream));
    await expect(store.readStream(stream)).rejects.toMatchObject(TRUNCATED);
  });

  test.each(harms.slice(-2))('since it %s does not begin anew', async (_, harm) => {
    const stream = newStream();
    await store.append(stream, 0, someEvents(4));
    await harm(nameOf(stream));
    await expect(store.append(stream, 0, someEvents(1))).rejects.toMatchObject(TRUNCATED);
    await expect(store.readStream(stream)).rejects.toMatchObject(TRUNCATED);
  });

  test.each(harms.slice(0, 4))('since it %s refuses to repeat what is gone', async (_, harm) => {
    const stream = newStream();
    const events = someEvents(1);
    await store.append(stream, 0, events);
    await store.append(stream, 1, someEvents(3));
    await harm(nameOf(stream));
    await expect(store.append(stream, 0, events)).rejects.toMatchObject(TRUNCATED);
  });
});

test('an event that came again at a later revision is still the repeat of its first time', async () => {
  const stream = newStream();
  const [event, other] = [someEvent(), someEvent()];
  const first = await store.append(stream, 0, [event]);
  await store.append(stream, 1, [other]);
  expect(await store.append(stream, 2, [event])).toMatchObject({ outcome: 'appended', revision: 3 });
  expect(await store.append(stream, 0, [event])).toEqual({ ...first, outcome: 'duplicate' });
  expect(await store.append(stream, 2, [event])).toMatchObject({ outcome: 'duplicate', revision: 3 });
  expect(await store.append(stream, 1, [other])).toMatchObject({ outcome: 'duplicate', revision: 2 });
});

test('data is kept as it was written, as JSON, with the rest of the event in its metadata', async () => {
  const stream = newStream();
  const event = someEvent({ order: 'kept', 2: 'é 😀', 1: '"\\\n\t', numbers: [1.50, -0, 1e21], nested: {} });
  await store.append(stream, 0, [event]);
  const { recordedAt } = (await store.readStream(stream))[0]!;
  const [raw] = await new Reads(client, '', true).stream({ stream: nameOf(stream), from: 0, count: 1 });
  expect(Buffer.from(raw!.data).toString()).toBe(JSON.stringify(event.data));
  expect(JSON.parse(Buffer.from(raw!.metadata).toString())).toEqual({ ...event.metadata, recordedAt });
  const given: unknown[] = [];
  for await (const { event: read } of client.readStream(nameOf(stream))) given.push(read);
  expect(given).toEqual([expect.objectContaining({ id: event.id, type: event.type, isJson: true, data: JSON.parse(JSON.stringify(event.data)) as unknown })]);
});

test('tells product, version and role of the server', async () => {
  const { product, version, role } = await store.server();
  expect(product).toBe(Number.parseInt(version) >= 25 ? 'KurrentDB' : 'EventStoreDB');
  expect(version).toMatch(/^\d+\.\d+/);
  expect(role).toMatch(/^leader/);
});

describe('close', () => {
  test('gives the clock away, so that the next store appends at once', async () => {
    const other = await connect(url);
    await store.append(newStream(), 0, someEvents(1));
    await store.close();
    await other.append(newStream(), 0, someEvents(1));
    const records = await new Reads(client, '', true).stream({ stream: `${parseKurrentDbUrl(url).log}-clock`, from: END, count: 10, backwards: true });
    // Nobody had to ask, or to wait until the first was taken for dead.
    expect(records.reverse().map(({ type, data }) => [type, (JSON.parse(Buffer.from(data).toString()) as { holder: unknown }).holder === null])).toEqual([
      ['ClockHeld', false], ['ClockHeld', true], ['ClockHeld', false],
    ]);
  });

  test('lets the process end', async () => {
    const program = `
      import { KurrentDbEventStore } from '#event-store/kurrentdb/kurrentdb-event-store.ts';
      const store = await KurrentDbEventStore.connect(process.argv[1]);
      await store.append('commitment-1', 0, [${JSON.stringify(someEvent())}]);
      const stop = new AbortController();
      for await (const batch of store.subscribe(0, stop.signal)) if (batch.length === 1) stop.abort();
      await store.readStream('commitment-1');
      await store.server();
      await store.close();
      console.log('closed');
    `;
    const root = new URL('../../../..', import.meta.url).pathname;
    const process = spawn(globalThis.process.execPath, ['--import', './test/typescript.mjs', '--input-type=module', '--eval', program, url], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    open.push(async () => void process.kill());
    process.stdout.setEncoding('utf8');
    let output = '';
    process.stdout.on('data', (text: string) => (output += text));
    expect(await once(process, 'close')).toEqual([0, null]);
    expect(output).toBe('closed\n');
  }, SLOW_MS);
});

test('a log is only what stands in its streams, wherever it begins on the server', async () => {
  const reads = new Reads(client, `${parseKurrentDbUrl(url).log}.`, true);
  expect(await reads.log({ from: START, count: 10 })).toEqual([]);
  await store.append(newStream(), 0, someEvents(3));
  expect((await reads.log({ from: START, count: 10 })).map(({ position }) => position)).toEqual((await store.readAll(0, 10)).map(({ position }) => position));
});

async function connect(to: string): Promise<KurrentDbEventStore> {
  const connected = await KurrentDbEventStore.connect(to);
  open.push(() => connected.close());
  return connected;
}

function nameOf(stream: string): string {
  return `${parseKurrentDbUrl(url).log}.${stream}`;
}

test('an event that another program wrote into its streams is told, with its place, and not stepped over', async () => {
  await store.append('agency-A', 0, someEvents(1));
  await client.appendToStream(`${parseKurrentDbUrl(url).log}.foreign-1`, jsonEvent({ type: 'Foreign', data: {} }));
  const told = { name: 'EventStoreError', code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringMatching(/revision 1 of .*foreign-1 at position \d+ was written by another program/) };
  await expect(store.readAll(0, 10)).rejects.toMatchObject(told);
  await expect(store.subscribe(0, new AbortController().signal)[Symbol.asyncIterator]().next()).rejects.toMatchObject(told);
});
