import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { END, jsonEvent, START, type KurrentDBClient } from '@kurrent/kurrentdb-client';
import fc from 'fast-check';
import { until } from '#testing/until.ts';
import { checkAppend } from '../check-append.ts';
import { newStream, someEvents } from '../event-store.contract.ts';
import { sendBatch } from './append.ts';
import { connectTo, disconnect, parseKurrentDbUrl } from './connection.ts';
import { LogClock, type ClockRecord, type Turn } from './log-clock.ts';
import { Reads, type ServerEvent, type StreamRange } from './reads.ts';
import { openServer, type ServerUnderTest } from './server-under-test.fixture.ts';

let server: ServerUnderTest;
let url: string;
let clocks: { clock: LogClock; client: KurrentDBClient }[];
/** By which the clock that never jumps is ahead, in milliseconds: time passes without waiting. */
let ahead: number;

beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.stop());

beforeEach(() => {
  url = server.newLog();
  clocks = [];
  ahead = 0;
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + ahead);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(clocks.map(({ clock }) => clock.close()));
  await Promise.all(clocks.map(({ client }) => disconnect(client)));
});

const HOUR_MS = 3_600_000;
/** Time limit of tests that write much; they wait for conditions. */
const SLOW_MS = 60_000;

describe('several processes', () => {
  test('whose clocks differ by an hour take turns that never overlap, with times that never fall, and all get theirs', async () => {
    const processes = [0, HOUR_MS, -HOUR_MS].map((offset) => open(() => Date.now() + offset));
    const order: number[] = [];
    const stamps: number[] = [];
    let atWork = 0;
    const use = (index: number) => processes[index]!.clock.use(async ({ stamp }) => {
      expect(atWork += 1).toBe(1);
      order.push(index);
      stamps.push(stamp);
      await new Promise(setImmediate);
      atWork -= 1;
    });
    const had = (index: number) => order.filter((one) => one === index).length;
    // Each goes on until all had theirs, so that who waits has nobody's leave to thank for it.
    await Promise.all(processes.map(async (_, index) => {
      while ([0, 1, 2].some((one) => had(one) < 20)) await use(index);
    }));
    expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
    // They took turns: whoever came first did not have all of his at once.
    expect(order.findLastIndex((one) => one === order[0])).toBeGreaterThan(order.findIndex((one) => one !== order[0]));
  }, SLOW_MS);

  test('that ask while the clock is being handed to another are heard: nobody waits until the one that holds it is passed over', async () => {
    const [a, b, c] = [open(), open(), open()];
    const nothing = () => Promise.resolve();
    await a.clock.use(nothing);
    let waiting: Promise<void> | undefined;
    const asked = async () => (await records(c.reads)).filter(({ type }) => type === 'ClockWanted');
    // The first look after B has asked tells that somebody waits; at the second, C asks behind A's back.
    let looks = 0;
    a.reads.afterLook = async () => {
      if ((looks += 1) !== 2) return;
      waiting = c.clock.use(nothing);
      await until(async () => (await asked()).length === 2);
    };
    await b.clock.use(nothing);
    await waiting;
    const [firstAsked, secondAsked] = (await asked()).map(({ data }) => data.by!);
    // Whoever takes the clock from one that he believes dead knows of nobody else who waits.
    expect(await heldRecords(c.reads)).toContainEqual(expect.objectContaining({ holder: firstAsked, waiting: [secondAsked] }));
  }, SLOW_MS);

  test('write records between which all events lie in time as they do in the log', async () => {
    const writers = [0, HOUR_MS, -HOUR_MS].map((offset) => {
      const { clock, client, reads } = open(() => Date.now() + offset);
      return { clock, client, reads, nameOf: (stream: string) => prefix() + stream };
    });
    await Promise.all(writers.map(async (writer) => {
      for (let round = 0; round < 15; round += 1) {
        const results = await sendBatch(writer, [1, 2, 3].map((count) => checkAppend(newStream(), 0, someEvents(count))));
        expect(results.map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
      }
    }));
    const { reads, clock } = writers[0]!;
    const events: ServerEvent[] = [];
    for (let page = await reads.log({ from: START, count: 100 }); page.length > (events.length > 0 ? 1 : 0); page = await reads.log({ from: events.at(-1)!.position, count: 100 }))
      events.push(...page.slice(events.length > 0 ? 1 : 0));
    expect(events).toHaveLength(3 * 15 * 6);
    const records = await heldRecords(reads);
    expect(records.length).toBeGreaterThan(3);
    for (const event of events) {
      const { recordedAt } = JSON.parse(Buffer.from(event.metadata).toString()) as { recordedAt: string };
      const time = Date.parse(recordedAt);
      const [before, behind] = [records.filter(({ position }) => position < event.position), records.filter(({ position }) => position > event.position)];
      expect(Math.max(...before.map((record) => record.recordedAt))).toBeLessThanOrEqual(time);
      expect(Math.min(Infinity, ...behind.map((record) => record.recordedAt))).toBeGreaterThanOrEqual(time);
      expect(before.at(-1)).toMatchObject((await clock.recordBefore({ position: event.position }))!);
    }
  }, SLOW_MS);
});

describe('a holder', () => {
  test('that died is taken over, and time goes on behind what it had come to', async () => {
    const { clock, reads, client } = open();
    const later = Date.now() + HOUR_MS;
    await append(client, held('gone', [], later));
    const turn = clock.use(async (given) => given);
    await until(async () => (await records(reads)).at(-1)!.type === 'ClockWanted');
    // Seen once more, and then for longer than a holder may be silent.
    const before = reads.count;
    await until(() => reads.count > before + 1);
    ahead += 6_000;
    expect(await turn).toMatchObject({ stamp: later });
    expect((await heldRecords(reads)).map(({ holder }) => holder)).toEqual(['gone', (await idOf(reads))]);
  }, SLOW_MS);

  test('that stood still notices that it was taken over, and asks before it goes on', async () => {
    const { clock, reads, client } = open();
    expect(await clock.use(async ({ stamp }) => stamp)).toBeLessThan(Date.now() + HOUR_MS / 2);
    const later = Date.now() + HOUR_MS;
    const taken = await append(client, held('another', [], later));
    ahead += 1_500;
    const worked: Turn[] = [];
    const used = clock.use(async (turn) => void worked.push(turn));
    await until(async () => (await records(reads)).at(-1)!.type === 'ClockWanted');
    expect(worked).toEqual([]);
    const handed = await append(client, held(await idOf(reads), [], later + 5));
    await used;
    expect(worked).toEqual([expect.objectContaining({ stamp: later + 5, floor: handed })]);
    expect(handed).toBeGreaterThan(taken);
  }, SLOW_MS);

  test('that gave up waiting passes the clock on when it comes to it', async () => {
    const { clock, reads, client } = open();
    await append(client, held('another', [], 1));
    let gaveUp = false;
    const used = clock.use(async () => 'worked').catch((error: unknown) => error).finally(() => (gaveUp = true));
    await until(async () => (await records(reads)).at(-1)!.type === 'ClockWanted');
    const me = await idOf(reads);
    // The other one lives, and goes on for longer than anybody waits.
    for (let round = 2; round < 10 && !gaveUp; round += 1) {
      await append(client, held('another', [me], round));
      const before = reads.count;
      await until(() => gaveUp || reads.count > before + 1);
      ahead += 4_000;
    }
    expect(await used).toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('turn') });
    await append(client, held(me, ['next', 'last'], 11));
    const last = await until(async () => (await heldRecords(reads)).find(({ holder }) => holder === 'next'));
    expect(last.waiting).toEqual(['last']);
  }, SLOW_MS);

  test('that closes leaves the clock to nobody, and the next takes it at once', async () => {
    const [first, second] = [open(), open()];
    await first.clock.use(async () => {});
    await first.clock.close();
    await second.clock.use(async () => {});
    const holders = (await records(second.reads)).map(({ type, data }) => [type, data.holder === null]);
    expect(holders).toEqual([['ClockHeld', false], ['ClockHeld', true], ['ClockHeld', false]]);
  });

  test('gives up its turn for an append that may still be on its way', async () => {
    const { clock, reads } = open();
    const before = await clock.use(async ({ floor }) => floor);
    clock.doubt();
    expect(await clock.use(async ({ floor }) => floor)).toBeGreaterThan(before);
    expect(await heldRecords(reads)).toHaveLength(2);
  });
});

test('an append that comes to the server later than its process may hold the clock is not written', async () => {
  const { client, reads } = open();
  const late = { use: (work: (turn: Turn) => unknown) => work({ stamp: Date.now(), floor: 0, until: Infinity, landBy: performance.now() - 10 }), doubt() {}, appended() {} };
  const to = { client, reads, clock: late as unknown as LogClock, nameOf: (stream: string) => prefix() + stream };
  const [result] = await sendBatch(to, [checkAppend(newStream(), 0, someEvents(1))]);
  expect(result).toMatchObject({ status: 'rejected', reason: { code: 'EVENT_STORE.UNAVAILABLE', message: 'the event log did not answer in time' } });
  expect(await reads.log({ from: START, count: 10 })).toEqual([]);
}, SLOW_MS);

test('recordBefore finds the record that a scan finds, whatever stands between the records', async () => {
  const step = fc.oneof({ weight: 2, arbitrary: fc.record({ after: fc.constantFrom(0, 0, 1, 5) }) }, { weight: 3, arbitrary: fc.constant('wanted' as const) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      url = server.newLog();
      const { clock, reads, client } = open();
      let time = 1_000;
      const events = steps.map((one) => (one === 'wanted' ? { type: 'ClockWanted', data: { by: 'somebody' } } : held('somebody', [], (time += one.after))));
      if (events.length > 0) await append(client, ...events);
      const all = await heldRecords(reads);
      const naive = (isBefore: (record: ClockRecord) => boolean) => {
        const found = all.findLast(isBefore);
        return found && { position: found.position, recordedAt: found.recordedAt };
      };
      const positions = all.flatMap(({ position }) => [position - 1, position, position + 1]);
      for (const position of [0, ...positions, Number.MAX_SAFE_INTEGER])
        expect(await clock.recordBefore({ position })).toEqual(naive((record) => record.position <= position));
      for (const recordedAt of new Set([-1, ...all.flatMap((record) => [record.recordedAt - 1, record.recordedAt, record.recordedAt + 1])]))
        expect(await clock.recordBefore({ recordedAt })).toEqual(naive((record) => record.recordedAt <= recordedAt));
    }),
    { numRuns: 12, endOnFailure: true },
  );
}, SLOW_MS);

function prefix(): string {
  return `${parseKurrentDbUrl(url).log}.`;
}

function clockStream(): string {
  return `${parseKurrentDbUrl(url).log}-clock`;
}

/** Its count is that of the looks at the clock, and of no others. */
class CountedReads extends Reads {
  count = 0;
  /** Done before the looker gets what was seen. */
  afterLook: () => Promise<void> = () => Promise.resolve();

  override async stream(range: StreamRange): Promise<ServerEvent[]> {
    const events = await super.stream(range);
    this.count += 1;
    await this.afterLook();
    return events;
  }
}

function open(now?: () => number) {
  const client = connectTo(parseKurrentDbUrl(url).toLeader);
  const reads = new CountedReads(client, prefix(), true);
  const clock = new LogClock(client, reads, clockStream(), () => {}, now);
  clocks.push({ clock, client });
  return { clock, client, reads };
}

async function append(client: KurrentDBClient, ...events: { type: string; data: object }[]): Promise<number> {
  const { position } = await client.appendToStream(clockStream(), events.map(({ type, data }) => jsonEvent({ id: randomUUID(), type, data: data as Record<string, unknown> })));
  return Number(position!.commit);
}

function held(holder: string | null, waiting: string[], recordedAt: number) {
  return { type: 'ClockHeld', data: { holder, waiting, recordedAt } };
}

interface SeenRecord {
  type: string;
  position: number;
  data: { holder?: string | null; waiting?: string[]; recordedAt?: number; by?: string };
}

/** All records of the clock. */
async function records(reads: Reads): Promise<SeenRecord[]> {
  const events = await Reads.prototype.stream.call(reads, { stream: clockStream(), from: END, count: 1_000, backwards: true });
  return events.reverse().map(({ type, position, data }) => ({ type, position, data: JSON.parse(Buffer.from(data).toString()) as SeenRecord['data'] }));
}

async function heldRecords(reads: Reads): Promise<(ClockRecord & { holder: string | null; waiting: string[] })[]> {
  const all = await records(reads);
  return all.filter(({ type }) => type === 'ClockHeld').map(({ position, data }) => ({ position, recordedAt: data.recordedAt!, holder: data.holder!, waiting: data.waiting! }));
}

/** Of the one that asked last. */
async function idOf(reads: Reads): Promise<string> {
  return (await records(reads)).findLast(({ type }) => type === 'ClockWanted')!.data.by!;
}
