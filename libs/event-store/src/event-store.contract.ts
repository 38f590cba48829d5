import { randomUUID } from 'node:crypto';
import type { EventMetadata, NewEvent, RecordedEvent, RecordedText } from '#domain/event.ts';
import {
  APPEND_BYTES_MAX,
  APPEND_EVENTS_MAX,
  EVENT_DATA_BYTES_MAX,
  type AppendResult,
  type EventStore,
  type EventStoreErrorCode,
} from './event-store.ts';

/** A fresh log and what the suite needs to do to it. */
export interface LogUnderTest {
  store: EventStore;
  /** Another store on the same log, as another process would have it. */
  another(): Promise<EventStore>;
  /** Cuts all connections that stores have to the log at this moment. */
  breakConnections(): Promise<void>;
  /** Closes all its stores and removes the log. */
  release(): Promise<void>;
}

/**
 * What every event store does. Nothing here assumes that positions are dense, or how a store is built.
 * The tests share one log, each with streams of its own.
 */
export function describeEventStore(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`${name} keeps the contract of an event store`, () => {
    let log: LogUnderTest;
    let store: EventStore;

    beforeAll(async () => {
      log = await open();
      store = log.store;
    }, SLOW_MS);
    afterAll(() => log.release(), SLOW_MS);

    describe('an empty log', () => {
      test('has head 0 and nothing to read', async () => {
        const empty = await open();
        try {
          expect(await empty.store.head()).toBe(0);
          expect(await empty.store.readAll(0, 10)).toEqual([]);
          expect(await empty.store.positionAt(new Date())).toBe(0);
        } finally {
          await empty.release();
        }
      }, SLOW_MS);
    });

    describe('append', () => {
      test('takes a new stream at expected revision 0, and gives back what it was given', async () => {
        const stream = newStream();
        const event = someEvent({ text: 'Ünïcödé \u{1F30D} 中文 \n\t"quoted" \\u0000', list: [1, 2.5, null, true], nested: { a: {} } });
        const before = Date.now();
        const result = await store.append(stream, 0, [event]);
        expect(result).toEqual({ outcome: 'appended', revision: 1, position: expect.any(Number) });
        const [recorded] = await store.readStream(stream);
        expect(recorded).toEqual({
          ...event, stream, revision: 1, position: positionOf(result), recordedAt: expect.stringMatching(ISO_MS),
        });
        // The log's clock may be another machine's; a minute apart is no longer the same time.
        expect(Math.abs(Date.parse(recorded!.recordedAt) - before)).toBeLessThan(60_000);
      });

      test.each([[null], [0], [''], ['null'], [[]], [{}], [-1.5e-7], [false]])('gives back %j', async (data) => {
        const stream = newStream();
        await store.append(stream, 0, [someEvent(data)]);
        const [recorded] = await store.readStream(stream);
        expect(recorded!.data).toEqual(data);
      });

      test('takes several events, all in order and behind one another', async () => {
        const stream = newStream();
        await store.append(stream, 0, someEvents(2));
        const events = someEvents(5);
        const result = await store.append(stream, 2, events);
        const recorded = await store.readStream(stream, { afterRevision: 2 });
        expect(recorded.map((event) => event.id)).toEqual(events.map((event) => event.id));
        expect(recorded.map((event) => event.revision)).toEqual([3, 4, 5, 6, 7]);
        expectRising(recorded);
        expect(result).toEqual({ outcome: 'appended', revision: 7, position: recorded.at(-1)!.position });
      });

      test('takes any revision where any is expected', async () => {
        const stream = newStream();
        expect(await store.append(stream, 'any', someEvents(2))).toMatchObject({ outcome: 'appended', revision: 2 });
        expect(await store.append(stream, 'any', someEvents(1))).toMatchObject({ outcome: 'appended', revision: 3 });
      });

      test.each([0, 1, 2, 4, 1_000])('tells the actual revision when %i is expected of a stream at 3', async (expected) => {
        const stream = newStream();
        await store.append(stream, 0, someEvents(3));
        expect(await store.append(stream, expected, someEvents(1))).toEqual({ outcome: 'conflict', actualRevision: 3 });
        expect(await store.readStream(stream)).toHaveLength(3);
      });

      test('tells revision 0 when a stream is expected that does not exist', async () => {
        expect(await store.append(newStream(), 5, someEvents(1))).toEqual({ outcome: 'conflict', actualRevision: 0 });
      });

      test('lets one of many different appends at the same revision win', async () => {
        const stream = newStream();
        const results = await Promise.all(Array.from({ length: 20 }, () => store.append(stream, 0, someEvents(1))));
        expect(results.filter((result) => result.outcome === 'appended')).toHaveLength(1);
        expect(results.filter((result) => result.outcome === 'conflict')).toEqual(
          Array(19).fill({ outcome: 'conflict', actualRevision: 1 }),
        );
      });

      test('keeps the order in which one caller appended to one stream', async () => {
        const stream = newStream();
        const events = someEvents(50);
        await Promise.all(events.map((event, index) => store.append(stream, index, [event])));
        expect(ids(await store.readStream(stream))).toEqual(ids(events));
      });
    });

    describe('a repeat', () => {
      test.each([1, 5])('of %i events answers as the first time, and appends nothing', async (count) => {
        const stream = newStream();
        const events = someEvents(count);
        const first = await store.append(stream, 0, events);
        expect(await store.append(stream, 0, events)).toEqual({ ...first, outcome: 'duplicate' });
        expect(await store.readStream(stream)).toHaveLength(count);
      });

      test('is found after a later append', async () => {
        const stream = newStream();
        const events = someEvents(2);
        await store.append(stream, 0, someEvents(1));
        const first = await store.append(stream, 1, events);
        await store.append(stream, 3, someEvents(4));
        expect(await store.append(stream, 1, events)).toEqual({ ...first, outcome: 'duplicate' });
      });

      test('is found where any revision is expected, also after a later append', async () => {
        const stream = newStream();
        const events = someEvents(3);
        await store.append(stream, 'any', someEvents(2));
        const first = await store.append(stream, 'any', events);
        expect(await store.append(stream, 'any', events)).toEqual({ ...first, outcome: 'duplicate' });
        await store.append(stream, 'any', someEvents(2));
        expect(await store.append(stream, 'any', events)).toEqual({ ...first, outcome: 'duplicate' });
        expect(await store.readStream(stream)).toHaveLength(7);
      });

      test('at another expected revision is a conflict', async () => {
        const stream = newStream();
        const events = someEvents(1);
        await store.append(stream, 0, someEvents(1));
        await store.append(stream, 1, events);
        await store.append(stream, 2, someEvents(1));
        for (const expected of [0, 2, 7])
          expect(await store.append(stream, expected, events)).toEqual({ outcome: 'conflict', actualRevision: 3 });
      });

      test('with another event added, or in another order, is a conflict', async () => {
        const stream = newStream();
        const [a, b, c] = someEvents(3) as [NewEvent, NewEvent, NewEvent];
        await store.append(stream, 0, [a, b]);
        expect(await store.append(stream, 0, [a, b, c])).toEqual({ outcome: 'conflict', actualRevision: 2 });
        expect(await store.append(stream, 0, [b, a])).toEqual({ outcome: 'conflict', actualRevision: 2 });
        expect(await store.append(stream, 0, [a, c])).toEqual({ outcome: 'conflict', actualRevision: 2 });
      });

      test('in another stream is no repeat', async () => {
        const events = someEvents(1);
        await store.append(newStream(), 0, events);
        expect(await store.append(newStream(), 0, events)).toMatchObject({ outcome: 'appended', revision: 1 });
      });

      test('sent 50 times at once through two stores has the effect of once', async () => {
        const other = await log.another();
        const stream = newStream();
        const events = someEvents(2);
        const results = await Promise.all(
          Array.from({ length: 50 }, (_, index) => (index % 2 ? store : other).append(stream, 0, events)),
        );
        expect(results.filter((result) => result.outcome === 'appended')).toHaveLength(1);
        expect(new Set(results.map(positionOf)).size).toBe(1);
        expect(await store.readStream(stream)).toHaveLength(2);
      });
    });

    describe('the door', () => {
      test('takes data of 256 KiB, counted in bytes of UTF-8 JSON, and gives it back', async () => {
        const stream = newStream();
        const data = { text: '\u00e9'.repeat((EVENT_DATA_BYTES_MAX - '{"text":""}'.length - 1) / 2) + 'x' };
        expect(Buffer.byteLength(JSON.stringify(data))).toBe(EVENT_DATA_BYTES_MAX);
        await store.append(stream, 0, [someEvent(data)]);
        const [recorded] = await store.readStream(stream);
        expect(recorded!.data).toEqual(data);
      });

      test('refuses one byte more, and says how much it was', async () => {
        const data = { text: 'x'.repeat(EVENT_DATA_BYTES_MAX - '{"text":""}'.length + 1) };
        await expectError(store.append(newStream(), 0, [someEvent(data)]), 'EVENT_STORE.EVENT_TOO_LARGE', /262145.*262144/);
      });

      test('takes 100 events at once, and refuses 101 and none', async () => {
        const stream = newStream();
        expect(await store.append(stream, 0, someEvents(APPEND_EVENTS_MAX))).toMatchObject({ outcome: 'appended', revision: 100 });
        await expectError(store.append(stream, 100, someEvents(101)), 'EVENT_STORE.REFUSED', /101 events/);
        await expectError(store.append(stream, 100, []), 'EVENT_STORE.REFUSED', /no events/);
      }, SLOW_MS);

      test('takes a million bytes of JSON at once, however many events they are, and refuses one more', async () => {
        const stream = newStream();
        for (const count of [4, APPEND_EVENTS_MAX]) {
          const events = someEventsOf(APPEND_BYTES_MAX, count);
          expect(await store.append(stream, 'any', events)).toMatchObject({ outcome: 'appended' });
          expect(ids((await store.readStream(stream)).slice(-count))).toEqual(ids(events));
          await expectError(store.append(stream, 'any', someEventsOf(APPEND_BYTES_MAX + 1, count)), 'EVENT_STORE.EVENT_TOO_LARGE', /1000001.*1000000/);
        }
      }, SLOW_MS);

      test.each(['', 'agency', 'agency-', '-UNDP', 'Agency-UNDP', 'agency-UN DP', 'agency-a/b', 'a b-c', 'agency-\u0000', 'agency-é', `agency-${'x'.repeat(200)}`])(
        'refuses %j as the name of a stream', async (stream) => {
          await expectError(store.append(stream, 0, someEvents(1)), 'EVENT_STORE.REFUSED', /stream/);
          await expectError(store.readStream(stream), 'EVENT_STORE.REFUSED', /stream/);
        },
      );

      test.each(['agency-UNDP', 'agency-UN-Habitat', 'actionLine-C7-eGov', 'indicator-17.8.1', 'indicator-UNDP.labs'])(
        'takes %j as the name of a stream', async (stream) => {
          expect(await store.append(stream, 0, someEvents(1))).toMatchObject({ outcome: 'appended' });
        },
      );

      test.each([
        ['NUL', { text: 'a\u0000b' }],
        ['a control character', { text: 'bell \u0007' }],
        ['a carriage return', { text: 'one\r\ntwo' }],
        ['a C1 control character', { text: '\u0085' }],
        ['a high surrogate alone', { text: 'x\ud83c' }],
        ['a low surrogate alone', { list: ['\udf0dx'] }],
        ['NUL in a key', { 'a\u0000': 1 }],
        ['NUL behind backslashes', { text: '\\\\\u0000' }],
      ])('refuses text with %s, and appends nothing', async (_, data) => {
        const stream = newStream();
        await expectError(store.append(stream, 0, [someEvent({}), someEvent(data)]), 'EVENT_STORE.REFUSED', /event 2 of 2.*NUL/);
        expect(await store.readStream(stream)).toEqual([]);
      });

      test('refuses unfit text in metadata', async () => {
        const event = someEvent({});
        const actor = { ...event.metadata.actor, id: 'a\u0000' };
        await expectError(store.append(newStream(), 0, [{ ...event, metadata: { ...event.metadata, actor } }]), 'EVENT_STORE.REFUSED', /metadata/);
      });

      test('refuses data that is no JSON, an id that is no UUID, an id used twice, and a revision that is none', async () => {
        const circular: Record<string, unknown> = {};
        circular.self = circular;
        const event = someEvent({});
        await expectError(store.append(newStream(), 0, [{ ...event, data: undefined }]), 'EVENT_STORE.REFUSED', /JSON/);
        await expectError(store.append(newStream(), 0, [someEvent(circular)]), 'EVENT_STORE.REFUSED', /JSON/);
        await expectError(store.append(newStream(), 0, [{ ...event, id: 'first' }]), 'EVENT_STORE.REFUSED', /UUID/);
        await expectError(store.append(newStream(), 0, [event, event]), 'EVENT_STORE.REFUSED', /twice/);
        for (const expected of [-1, 1.5, NaN, 2 ** 31])
          await expectError(store.append(newStream(), expected, [event]), 'EVENT_STORE.REFUSED', /revision/);
      });

      test('refuses limits and positions outside their bounds', async () => {
        await expectError(store.readAll(0, 0), 'EVENT_STORE.REFUSED', /limit/);
        await expectError(store.readAll(0, 10_001), 'EVENT_STORE.REFUSED', /limit/);
        await expectError(store.readAll(-1, 10), 'EVENT_STORE.REFUSED', /after/);
        await expectError(store.readStream('agency-X', { afterRevision: 2 ** 31 }), 'EVENT_STORE.REFUSED', /afterRevision/);
        await expectError(store.readStream('agency-X', { limit: 1_001 }), 'EVENT_STORE.REFUSED', /limit/);
        await expectError(store.positionAt(new Date(NaN)), 'EVENT_STORE.REFUSED', /date/);
      });
    });

    describe('reading', () => {
      test('a stream: from a revision, up to a position, so many', async () => {
        const stream = newStream();
        for (let revision = 0; revision < 6; revision += 1) {
          await store.append(stream, revision, someEvents(1));
          await store.append(newStream(), 0, someEvents(1));
        }
        const all = await store.readStream(stream);
        expect(all.map((event) => event.revision)).toEqual([1, 2, 3, 4, 5, 6]);
        expectRising(all);
        expect(await store.readStream(stream, { afterRevision: 2 })).toEqual(all.slice(2));
        expect(await store.readStream(stream, { upToPosition: all[3]!.position })).toEqual(all.slice(0, 4));
        expect(await store.readStream(stream, { upToPosition: all[3]!.position - 1 })).toEqual(all.slice(0, 3));
        expect(await store.readStream(stream, { afterRevision: 1, limit: 2 })).toEqual(all.slice(1, 3));
        expect(await store.readStream(stream, { afterRevision: 6 })).toEqual([]);
        expect(await store.readStream(newStream())).toEqual([]);
      });

      test('a stream longer than a page, by pages', async () => {
        const stream = newStream();
        for (let revision = 0; revision < 1_200; revision += 100) await store.append(stream, revision, someEvents(100));
        const first = await store.readStream(stream);
        const second = await store.readStream(stream, { afterRevision: 1_000 });
        expect([...first, ...second].map((event) => event.revision)).toEqual(Array.from({ length: 1_200 }, (_, index) => index + 1));
        expect(first).toHaveLength(1_000);
      }, SLOW_MS);

      test('all, in pages of any size: the same events in the same order', async () => {
        const after = await store.head();
        await Promise.all(Array.from({ length: 40 }, () => store.append(newStream(), 0, someEvents(3))));
        const whole = await store.readAll(after, 10_000);
        expect(whole).toHaveLength(120);
        expectRising(whole);
        expect(await store.head()).toBe(whole.at(-1)!.position);
        for (const size of [1, 7, 120, 121]) expect(await readByPages(store, after, size)).toEqual(whole);
        expect(await store.readAll(whole.at(-1)!.position, 10)).toEqual([]);
      }, SLOW_MS);

      test('all, with data as the text that was written', async () => {
        const after = await store.head();
        const data = { order: 'kept', 2: 'é 😀', 1: '"\\\n\t', nested: { list: [1.50, -0, null, {}], empty: {} } };
        await store.append(newStream(), 0, [someEvent(data), someEvent({})]);
        const parsed = await store.readAll(after, 10);
        const text = await store.readAllText(after, 10);
        expect(text.map((event) => event.data)).toEqual([JSON.stringify(data), '{}']);
        expect(text.map((event) => ({ ...event, data: JSON.parse(event.data) as unknown }))).toEqual(parsed);
        expect(await store.readAllText(after, 1)).toEqual(text.slice(0, 1));
        expect(await store.readAllText(after, 10, ['NothingHappened'])).toEqual(text);
        await expectError(store.readAllText(after, 0), 'EVENT_STORE.REFUSED', /limit/);
      });

      test('all, without the data of the types withheld', async () => {
        const after = await store.head();
        await store.append(newStream(), 0, [someEvent(), { ...someEvent(), type: 'Withheld' }, someEvent()]);
        const text = await store.readAllText(after, 10);
        const expected = text.map((event) => ({ ...event, data: event.type === 'Withheld' ? '' : event.data }));
        expect(expected.map(({ data }) => data.length > 0)).toEqual([true, false, true]);
        expect(await store.readAllText(after, 10, ['Withheld', 'Another'])).toEqual(expected);
        for await (const batch of store.subscribeText(after, new AbortController().signal, 10, ['Withheld'])) {
          expect(batch).toEqual(expected);
          break;
        }
      });

      test('all, where events are as large as they may be: in pages that may be shorter, and end with the log', async () => {
        const after = await store.head();
        const large = Array.from({ length: 99 }, () => someEvent({ text: 'x'.repeat(EVENT_DATA_BYTES_MAX - 100) }));
        const stream = newStream();
        for (let revision = 0; revision < large.length; revision += 3) await store.append(stream, revision, large.slice(revision, revision + 3));
        expect(ids(await readByPages(store, after, 10_000))).toEqual(ids(large));
        expect(ids(await follow(store, after, large.length, 10_000))).toEqual(ids(large));
      }, SLOW_MS);

      test('no event is ever skipped while 64 writers race', async () => {
        const stores = [store, await log.another(), await log.another(), await log.another()];
        const after = await store.head();
        const total = 64 * 20;
        const shared = Array.from({ length: 8 }, newStream);
        const writers = Array.from({ length: 64 }, async (_, writer) => {
          const mine = stores[writer % stores.length]!;
          const own = newStream();
          for (let n = 0; n < 10; n += 1) {
            expect(await mine.append(own, n, someEvents(1))).toMatchObject({ outcome: 'appended', revision: n + 1 });
            expect(await mine.append(shared[writer % shared.length]!, 'any', someEvents(1))).toMatchObject({ outcome: 'appended' });
          }
        });
        const readers = [
          readOnUntil(stores[1]!, after, total, 1), readOnUntil(stores[2]!, after, total, 50), readOnUntil(stores[3]!, after, total, 1_000),
          follow(store, after, total), follow(stores[1]!, after, total, 3),
        ];
        const [seen] = await Promise.all([Promise.all(readers), ...writers]);
        const whole = await store.readAll(after, 10_000);
        expect(whole).toHaveLength(total);
        expectRising(whole);
        for (const events of seen) expect(events.map(place)).toEqual(whole.map(place));
      }, SLOW_MS);
    });

    describe('time', () => {
      test('never falls as position rises, whichever store appended', async () => {
        const other = await log.another();
        const after = await store.head();
        await Promise.all(Array.from({ length: 100 }, (_, index) => (index % 2 ? store : other).append(newStream(), 0, someEvents(1))));
        const times = (await store.readAll(after, 1_000)).map((event) => event.recordedAt);
        expect(times).toHaveLength(100);
        expect(times).toEqual([...times].sort());
      });

      test('positionAt gives the last event recorded at or before an instant', async () => {
        for (let n = 0; n < 20; n += 1) await store.append(newStream(), 0, someEvents(2));
        const all = await readByPages(store, 0, 10_000);
        const lastBy = (time: number) => all.findLast((event) => Date.parse(event.recordedAt) <= time)?.position ?? 0;
        for (const { recordedAt } of [all[0]!, ...all.slice(-40)]) {
          const time = Date.parse(recordedAt);
          for (const instant of [time - 1, time, time + 1])
            expect(await store.positionAt(new Date(instant))).toBe(lastBy(instant));
        }
        expect(await store.positionAt(new Date(8.64e15))).toBe(all.at(-1)!.position);
        expect(await store.positionAt(new Date(Date.parse(all[0]!.recordedAt) - 1))).toBe(0);
        expect(await store.positionAt(new Date(-8.64e15))).toBe(0);
      }, SLOW_MS);
    });

    describe('subscribe', () => {
      test('catches up, then gives what comes, in order', async () => {
        const after = await store.head();
        const streams = Array.from({ length: 30 }, newStream);
        for (const stream of streams.slice(0, 20)) await store.append(stream, 0, someEvents(1));
        const subscription = subscribe(store, after, 7);
        const events = await subscription.take(20);
        for (const stream of streams.slice(20)) {
          await store.append(stream, 0, someEvents(1));
          events.push(...(await subscription.take(1)));
        }
        await subscription.stop();
        expect(events.map((event) => event.stream)).toEqual(streams);
        expectRising(events);
        expect(subscription.batchSizes.every((size) => size >= 1 && size <= 7)).toBe(true);
      }, SLOW_MS);

      test('begins behind the position given', async () => {
        const stream = newStream();
        await store.append(stream, 0, someEvents(5));
        const recorded = await store.readStream(stream);
        expect(await follow(store, recorded[2]!.position, 2)).toEqual(recorded.slice(3));
      });

      test('with data as the text that was written: what is there, then what comes, in batches of the size asked for', async () => {
        const after = await store.head();
        await store.append(newStream(), 0, someEvents(5));
        const abort = new AbortController();
        const batches: RecordedText[][] = [];
        for await (const batch of store.subscribeText(after, abort.signal, 4)) {
          batches.push(batch);
          if (batches.length === 2) await store.append(newStream(), 0, someEvents(1));
          if (batches.length === 3) abort.abort();
        }
        expect(batches).toEqual([4, 1, 1].map((size) => Array.from({ length: size }, () => expect.anything())));
        expect(batches.flat()).toEqual(await store.readAllText(after, 10));
      });

      test('hears of what another store appends', async () => {
        const other = await log.another();
        const subscription = subscribe(store, await store.head());
        const waiting = subscription.take(1);
        const stream = newStream();
        await other.append(stream, 0, someEvents(1));
        expect((await waiting).map((event) => event.stream)).toEqual([stream]);
        await subscription.stop();
      });

      test('slower than the writers, skips nothing', async () => {
        const after = await store.head();
        const abort = new AbortController();
        const writers = Promise.all(
          Array.from({ length: 10 }, async () => {
            for (let n = 0; n < 30; n += 1) await store.append(newStream(), 0, someEvents(1));
          }),
        );
        const seen: RecordedEvent[] = [];
        for await (const batch of store.subscribe(after, abort.signal, 10)) {
          // Work that takes longer than writing the event did.
          for (const event of batch) for (let n = 0; n < 3; n += 1) await store.readStream(event.stream);
          seen.push(...batch);
          if (seen.length >= 300) abort.abort();
        }
        await writers;
        expect(seen.map(place)).toEqual((await store.readAll(after, 1_000)).map(place));
      }, SLOW_MS);

      test('ends without error when cancelled while it waits', async () => {
        const abort = new AbortController();
        const iterator = store.subscribe(await store.head(), abort.signal)[Symbol.asyncIterator]();
        const next = iterator.next();
        abort.abort();
        expect(await next).toEqual({ done: true, value: undefined });
      });

      test('ends without error when it was cancelled before it began', async () => {
        const iterator = store.subscribe(0, AbortSignal.abort())[Symbol.asyncIterator]();
        expect(await iterator.next()).toEqual({ done: true, value: undefined });
      });

      test('gives nothing more when cancelled in the middle of a batch', async () => {
        const after = await store.head();
        await store.append(newStream(), 0, someEvents(10));
        const abort = new AbortController();
        const batches: RecordedEvent[][] = [];
        for await (const batch of store.subscribe(after, abort.signal, 4)) {
          batches.push(batch);
          abort.abort();
        }
        expect(batches.map((batch) => batch.length)).toEqual([4]);
      });

      test('lets go when its reader leaves', async () => {
        const after = await store.head();
        await store.append(newStream(), 0, someEvents(3));
        for await (const batch of store.subscribe(after, new AbortController().signal)) {
          expect(batch).toHaveLength(3);
          break;
        }
        expect(await store.head()).toBeGreaterThan(after);
      });

      test('goes on after lost connections, and neither skips nor repeats', async () => {
        const after = await store.head();
        const subscription = subscribe(store, after, 5);
        const events: RecordedEvent[] = [];
        for (let round = 0; round < 5; round += 1) {
          // Broken once while it has batches to read, once while it waits for more.
          await store.append(newStream(), 0, someEvents(20));
          events.push(...(await subscription.take(7)));
          await log.breakConnections();
          events.push(...(await subscription.take(13)));
          const waiting = subscription.take(1);
          await log.breakConnections();
          await store.append(newStream(), 0, someEvents(1));
          events.push(...(await waiting));
        }
        await subscription.stop();
        expect(events.map(place)).toEqual((await store.readAll(after, 1_000)).map(place));
      }, SLOW_MS);
    });

    describe('lost connections', () => {
      test('leave each append in the log once, with an answer that is true', async () => {
        const after = await store.head();
        let writing = true;
        const writers = Promise.all(
          Array.from({ length: 16 }, async () => {
            const stream = newStream();
            for (let n = 0; n < 25; n += 1) {
              const result = await store.append(stream, n * 2, someEvents(2));
              // 'duplicate' is true where the first answer was lost on its way.
              expect(['appended', 'duplicate']).toContain(result.outcome);
              expect(result).toMatchObject({ revision: n * 2 + 2 });
            }
            return stream;
          }),
        ).finally(() => (writing = false));
        const breaking = (async () => {
          // Each cut comes after at least one append that got through, so that the writers' bounded patience holds.
          while (writing) {
            await log.breakConnections();
            await store.append(newStream(), 0, someEvents(1));
          }
        })();
        const [streams] = await Promise.all([writers, breaking]);
        const whole = await readByPages(store, after, 1_000);
        for (const stream of streams) {
          const own = whole.filter((event) => event.stream === stream);
          expect(own.map((event) => event.revision)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
        }
      }, SLOW_MS);

      test('do not keep readers from their answers', async () => {
        const stream = newStream();
        await store.append(stream, 0, someEvents(3));
        for (let round = 0; round < 5; round += 1) {
          const reads = Array.from({ length: 10 }, () => store.readStream(stream));
          await log.breakConnections();
          for (const events of await Promise.all(reads)) expect(events).toHaveLength(3);
        }
      }, SLOW_MS);
    });

    describe('close', () => {
      test('finishes the appends under way, ends subscriptions, and takes nothing more', async () => {
        const closing = await log.another();
        const stream = newStream();
        const next = closing.subscribe(await closing.head(), new AbortController().signal)[Symbol.asyncIterator]().next();
        const appends = Array.from({ length: 30 }, (_, index) => closing.append(stream, index, someEvents(1)));
        const closed = closing.close();
        await expectError(closing.append(newStream(), 0, someEvents(1)), 'EVENT_STORE.UNAVAILABLE', /clos/);
        expect((await Promise.all(appends)).map((result) => result.outcome)).toEqual(Array(30).fill('appended'));
        expect((await next).done).toBe(true);
        await closed;
        await closing.close();
        await expectError(closing.head(), 'EVENT_STORE.UNAVAILABLE', /clos/);
        expect(await store.readStream(stream)).toHaveLength(30);
      });
    });
  });
}

/** Time limit of tests that write or break much; they wait for conditions, never for time to pass. */
const SLOW_MS = 60_000;
const ISO_MS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function newStream(): string {
  return `commitment-${randomUUID()}`;
}

export function someEvent(data: unknown = { title: 'Something happened' }): NewEvent {
  return { id: randomUUID(), type: 'SomethingHappened', data, metadata: someMetadata };
}

export function someEvents(count: number): NewEvent[] {
  return Array.from({ length: count }, (_, index) => someEvent({ n: index + 1 }));
}

/** So many events whose JSON, data and metadata, takes so many bytes in all. */
function someEventsOf(bytes: number, count: number): NewEvent[] {
  const each = Math.floor(bytes / count);
  const textOf = (size: number) => 'x'.repeat(size - Buffer.byteLength(JSON.stringify({ text: '' })) - Buffer.byteLength(JSON.stringify(someMetadata)));
  return Array.from({ length: count }, (_, index) => someEvent({ text: textOf(index === 0 ? bytes - each * (count - 1) : each) }));
}

const someMetadata: EventMetadata = {
  commandId: '6f0d3f8e-7c5b-5d0a-9a55-0c4f3f1c2b11',
  requestHash: 'a'.repeat(64),
  actor: { id: 'actor-1', agency: 'UNDP', role: 'focal-point' },
  occurredOn: '2022-03-28',
  schemaVersion: 1,
  salt: 'b'.repeat(32),
};

function positionOf(result: AppendResult): number {
  if (result.outcome === 'conflict') throw new Error(`conflict at revision ${result.actualRevision}`);
  return result.position;
}

function ids(events: readonly NewEvent[]): string[] {
  return events.map((event) => event.id);
}

function place({ position, stream, revision, id }: RecordedEvent): string {
  return `${position} ${stream}@${revision} ${id}`;
}

function expectRising(events: readonly RecordedEvent[]): void {
  const positions = events.map((event) => event.position);
  expect(positions.every((position, index) => Number.isSafeInteger(position) && position > (positions[index - 1] ?? 0))).toBe(true);
}

async function expectError(promise: Promise<unknown>, code: EventStoreErrorCode, message: RegExp): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: 'EventStoreError', code, message: expect.stringMatching(message) });
}

async function readByPages(store: EventStore, after: number, size: number): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (;;) {
    const page = await store.readAll(events.at(-1)?.position ?? after, size);
    if (page.length === 0) return events;
    expect(page.length).toBeLessThanOrEqual(size);
    events.push(...page);
  }
}

/** Polls as a careless reader would: whatever is there, and on from its last position. */
async function readOnUntil(store: EventStore, after: number, count: number, size: number): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  while (events.length < count) events.push(...(await store.readAll(events.at(-1)?.position ?? after, size)));
  return events;
}

async function follow(store: EventStore, after: number, count: number, batchSize?: number): Promise<RecordedEvent[]> {
  const subscription = subscribe(store, after, batchSize);
  const events = await subscription.take(count);
  await subscription.stop();
  return events;
}

/** A subscription read by events instead of by batches. */
function subscribe(store: EventStore, after: number, batchSize?: number) {
  const abort = new AbortController();
  const batches = store.subscribe(after, abort.signal, batchSize)[Symbol.asyncIterator]();
  const batchSizes: number[] = [];
  let rest: RecordedEvent[] = [];
  return {
    batchSizes,
    async take(count: number): Promise<RecordedEvent[]> {
      while (rest.length < count) {
        const { done, value } = await batches.next();
        if (done) throw new Error('the subscription ended');
        batchSizes.push(value.length);
        rest.push(...value);
      }
      const taken = rest.slice(0, count);
      rest = rest.slice(count);
      return taken;
    },
    async stop(): Promise<void> {
      abort.abort();
      expect(await batches.next()).toEqual({ done: true, value: undefined });
    },
  };
}
