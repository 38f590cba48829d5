import type { RecordedText } from '#domain/event.ts';
import { compareLogs } from './compare-logs.ts';
import { copyLog, type CopyTarget } from './copy-log.ts';
import { newStream, someEvent, someEvents } from './event-store.contract.ts';
import type { EventStore } from './event-store.ts';
import { openCopyTarget } from './open-copy-target.ts';
import { openEventStore } from './open-event-store.ts';

/** A kind of store, and how to get a fresh, empty log of it. */
export interface KindOfLog {
  name: string;
  open(): Promise<FreshLog>;
}

export interface FreshLog {
  url: string;
  /** Cuts all connections that stores and copies have to it. */
  breakConnections(): Promise<void>;
  release(): Promise<void>;
}

/** What copying does whatever the two stores are. */
export function describeCopying(fromKind: KindOfLog, toKind: KindOfLog): void {
  describe(`a log in ${fromKind.name}, copied to ${toKind.name},`, () => {
    const { signal } = new AbortController();
    let from: FreshLog;
    let to: FreshLog;
    let source: EventStore;
    let target: CopyTarget;

    beforeEach(async () => {
      [from, to] = await Promise.all([fromKind.open(), toKind.open()]);
      source = await openEventStore(from.url);
      target = await openCopyTarget(to.url);
    });
    afterEach(async () => {
      await source?.close();
      await target?.close();
      await Promise.all([from?.release(), to?.release()]);
    });

    test('is the same but for its positions, and what is appended and repeated there goes on from it', async () => {
      const streams = [newStream(), newStream(), 'agency-UNDP'] as const;
      for (let n = 0; n < 5; n += 1) for (const stream of streams) await source.append(stream, n * 2, someEvents(2));
      const odd = [someEvent({ text: 'Ünï \u{1F30D} 中文 \n\t"quoted" \\u0000', n: [1e21, -0.5, 1.25e-9] }), someEvent(null), someEvent('x'.repeat(250_000)), someEvent({})];
      await source.append(streams[0], 10, odd);

      const copied = await copyLog(source, target, { signal });
      expect(copied).toEqual({ events: 34, position: await source.head(), sourceGrew: false });
      const events = await source.readAllText(0, 100);
      const there = await target.store.readAllText(0, 100);
      expect(there.map(apartFromPosition)).toEqual(events.map(apartFromPosition));
      expectRising(there);
      for (const stream of streams)
        expect((await target.store.readStream(stream)).map(apartFromPosition)).toEqual((await source.readStream(stream)).map(apartFromPosition));
      expect(await target.store.positionAt(new Date(events[9]!.recordedAt))).toBe(
        there.findLast(({ recordedAt }) => recordedAt <= events[9]!.recordedAt)!.position);

      expect(await target.store.append(streams[0], 10, odd)).toEqual({ outcome: 'duplicate', revision: 14, position: there.at(-1)!.position });
      expect(await target.store.append(streams[1], 9, someEvents(1))).toEqual({ outcome: 'conflict', actualRevision: 10 });
      expect(await target.store.append(streams[1], 10, someEvents(1))).toMatchObject({ outcome: 'appended', revision: 11 });
      const [appended] = await target.store.readAllText(there.at(-1)!.position, 10);
      expect(appended!.recordedAt >= there.at(-1)!.recordedAt).toBe(true);
    });

    test('compares as the same, with a hash that both directions share', async () => {
      await fill(1_234);
      await copyLog(source, target, { signal });
      const compared = await compareLogs(source, target.store, { signal });
      expect(compared).toEqual({ events: 1_234, sha256: expect.stringMatching(/^[0-9a-f]{64}$/), samePositions: expect.any(Boolean) });
      if (fromKind.name !== toKind.name) expect(compared.samePositions).toBe(false);
      expect(await compareLogs(target.store, source, { signal })).toEqual(compared);
    });

    test('goes on where it was stopped', async () => {
      await fill(2_200);
      const stop = new AbortController();
      const seen: number[] = [];
      const stopped = copyLog(source, target, { signal: stop.signal, onProgress: (position) => {
        seen.push(position);
        stop.abort();
      } });
      await expect(stopped).rejects.toThrow('aborted');
      expect(seen).toHaveLength(1);
      const first = (await source.readAll(0, 10_000)).filter(({ position }) => position <= seen[0]!).length;

      const reopened = await openCopyTarget(to.url);
      try {
        expect(await copyLog(source, reopened, { signal })).toMatchObject({ events: 2_200 - first });
        expect(await copyLog(source, reopened, { signal })).toMatchObject({ events: 0, position: await source.head() });
      } finally {
        await reopened.close();
      }
      expect(await compareLogs(source, target.store, { signal })).toMatchObject({ events: 2_200 });
      expect((await compareLogs(source, target.store, { signal })).difference).toBeUndefined();
    }, SLOW_MS);

    test('goes on where it died in the middle of a page', async () => {
      await fill(1_100);
      const dies: CopyTarget = {
        store: target.store,
        close: () => target.close(),
        async copyIn(events) {
          await target.copyIn(events.slice(0, 333));
          throw new Error('killed');
        },
      };
      await expect(copyLog(source, dies, { signal })).rejects.toThrow('killed');
      expect(await copyLog(source, target, { signal })).toMatchObject({ events: 1_100 - 333 });
      expect(await differenceOf(source, target.store)).toBeUndefined();
    }, SLOW_MS);

    test('is whole after connections were lost in the middle of pages', async () => {
      await fill(2_100);
      let breaks = 3;
      for (let whole = false; !whole;) {
        const copying = await openCopyTarget(to.url);
        const cut: CopyTarget = {
          store: copying.store,
          async copyIn(events) {
            const page = Promise.allSettled([copying.copyIn(events)]);
            if (breaks-- > 0) await to.breakConnections();
            const [copied] = await page;
            if (copied.status === 'rejected') throw copied.reason;
          },
          close: () => copying.close(),
        };
        // A store may send again what was lost on the way, or leave that to who copies.
        whole = await copyLog(source, cut, { signal }).then(() => true, (error: unknown) => {
          expect(error).toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE' });
          return false;
        });
        await copying.close();
      }
      expect(breaks).toBeLessThanOrEqual(0);
      expect(await compareLogs(source, target.store, { signal })).toMatchObject({ events: 2_100 });
      expect(await differenceOf(source, target.store)).toBeUndefined();
    }, SLOW_MS);

    test('is brought up to date by copying again', async () => {
      await fill(20);
      await copyLog(source, target, { signal });
      await source.append('agency-UNDP', 0, someEvents(3));
      expect(await differenceOf(source, target.store)).toMatchObject({ source: { stream: 'agency-UNDP', revision: 1 } });
      expect(await copyLog(source, target, { signal })).toMatchObject({ events: 3 });
      expect(await differenceOf(source, target.store)).toBeUndefined();
    });

    test('takes with it what is written to the source meanwhile, and tells of it', async () => {
      await fill(1_100);
      let left = 3;
      const copied = await copyLog(source, doing(async () => {
        if (left-- > 0) await source.append(newStream(), 0, someEvents(1));
      }), { signal });
      expect(copied).toEqual({ events: 1_103, position: await source.head(), sourceGrew: true });
      expect(await differenceOf(source, target.store)).toBeUndefined();
    }, SLOW_MS);

    test('is given up where the source never stops growing', async () => {
      await fill(1);
      const copying = copyLog(source, doing(() => source.append(newStream(), 0, someEvents(1))), { signal });
      await expect(copying).rejects.toThrow('stop who writes to it');
    });

    test('is refused by a target that holds another log, which stays as it is', async () => {
      await fill(5);
      await target.store.append('agency-UNDP', 0, someEvents(2));
      const before = await target.store.readAll(0, 10);
      await expect(copyLog(source, target, { signal })).rejects.toThrow(/the target holds another log: it ends at position \d+ with revision 2 of agency-UNDP.* where the source has nothing/);
      await source.append('agency-UNDP', 0, someEvents(3));
      await expect(copyLog(source, target, { signal })).rejects.toThrow(/where the source has event/);
      expect(await target.store.readAll(0, 10)).toEqual(before);
    });

    test('is refused by a target that has gone on by itself since', async () => {
      await fill(5);
      await copyLog(source, target, { signal });
      await target.store.append('agency-UNDP', 0, someEvents(1));
      await source.append('agency-UNDP', 0, someEvents(1));
      await expect(copyLog(source, target, { signal })).rejects.toThrow('the target holds another log');
    });

    test('is refused where somebody writes to the target meanwhile', async () => {
      await fill(1_100);
      const other = await openEventStore(to.url);
      try {
        const copying = copyLog(source, doing(() => other.append('agency-UNDP', 'any', someEvents(1))), { signal });
        await expect(copying).rejects.toThrow('somebody else has written to the target');
      } finally {
        await other.close();
      }
    }, SLOW_MS);

    /** The target, but after each page something happens. */
    function doing(work: () => Promise<unknown>): CopyTarget {
      return {
        store: target.store,
        async copyIn(events) {
          await target.copyIn(events);
          await work();
        },
        close: () => target.close(),
      };
    }

    /** So many events, in streams that are written in turns. */
    async function fill(events: number): Promise<void> {
      const streams = Array.from({ length: 8 }, newStream);
      const sizes = Array.from({ length: Math.ceil(events / 50) }, (_, n) => Math.min(50, events - n * 50));
      await Promise.all(sizes.map((size, n) => source.append(streams[n % streams.length]!, 'any', someEvents(size))));
    }

    async function differenceOf(one: EventStore, other: EventStore) {
      return (await compareLogs(one, other, { signal })).difference;
    }
  });
}

const SLOW_MS = 60_000;

function apartFromPosition<Event extends { position: number }>({ position: _, ...rest }: Event): Omit<Event, 'position'> {
  return rest;
}

function expectRising(events: readonly RecordedText[]): void {
  expect(events.every(({ position, recordedAt }, n) => n === 0 || (position > events[n - 1]!.position && recordedAt >= events[n - 1]!.recordedAt))).toBe(true);
}
