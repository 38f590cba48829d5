import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import pg from 'pg';
import type { RecordedEvent } from '#domain/event.ts';
import { LogRestored } from '#domain/log-restored.ts';
import { loseEnd } from '#testing/lose-end.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { TcpProxy } from '#testing/tcp-proxy.ts';
import { until } from '#testing/until.ts';
import { holdsPosition } from '../holds-position.ts';
import { describeEventStore, newStream, someEvent, someEvents, type LogUnderTest } from '../event-store.contract.ts';
import { migrateEventLog } from './migrate-event-log.ts';
import { resumeAbove } from './resume-above.ts';
import { PostgresEventStore, READS_WAITING_MAX, type PostgresEventStoreOptions } from './postgres-event-store.ts';
import { APPEND_LOCK } from './sql/append-batch.sql.ts';

describeEventStore('PostgreSQL', async (): Promise<LogUnderTest> => {
  const log = await openLog();
  return {
    store: await log.open(),
    another: () => log.open(),
    breakConnections: () => log.cut("application_name like 'event-log-%'"),
    release: () => log.release(),
  };
});

describe('the log in PostgreSQL', () => {
  let log: Awaited<ReturnType<typeof openLog>>;
  let store: PostgresEventStore;

  beforeEach(async () => {
    log = await openLog();
    store = await log.open();
  });
  afterEach(() => log.release());

  test('numbers its events 1, 2, 3, ... through races, conflicts, refusals and lost connections', async () => {
    const stores = [store, await log.open(), await log.open()];
    const shared = Array.from({ length: 4 }, newStream);
    let working = true;
    const writers = Promise.all(
      Array.from({ length: 24 }, async (_, writer) => {
        const mine = stores[writer % stores.length]!;
        for (let n = 0; n < 15; n += 1) {
          await mine.append(shared[writer % shared.length]!, n, someEvents(2));
          await mine.append(newStream(), 0, someEvents(1));
          await expect(mine.append(newStream(), 0, [someEvent('\u0000')])).rejects.toMatchObject({ code: 'EVENT_STORE.REFUSED' });
        }
      }),
    ).finally(() => (working = false));
    const breaking = (async () => {
      while (working) {
        await log.cut("application_name = 'event-log-append'");
        await store.append(newStream(), 0, someEvents(1));
      }
    })();
    await Promise.all([writers, breaking]);
    const events = await store.readAll(0, 10_000);
    expect(events.length).toBeGreaterThan(24 * 15);
    expect(events.map((event) => event.position)).toEqual(events.map((_, index) => index + 1));
  }, 60_000);

  describe('a log that has lost its end', () => {
    const { id, metadata } = someEvent();

    beforeEach(async () => {
      await store.append('agency-A', 0, someEvents(10));
      await loseEnd(log.database.url, 6);
    });

    test('goes on above every position that was seen: none is given out twice, and the gap is recorded', async () => {
      expect(await resumeAbove(log.database.url, 20, { id, metadata })).toEqual({ voidFrom: 7, position: 21 });
      expect(await store.append('agency-A', 6, someEvents(2))).toEqual({ outcome: 'appended', revision: 8, position: 23 });
      const events = await store.readAll(0, 100);
      expect(events.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 21, 22, 23]);
      const [restored] = await store.readStream('log-restored');
      expect(restored).toEqual({ ...events[6], id, type: LogRestored.type, stream: 'log-restored', revision: 1, data: { voidFrom: 7, voidTo: 20 }, metadata });
      expect(LogRestored.data.parse(restored!.data)).toEqual(restored!.data);
      expect(restored!.recordedAt >= events[5]!.recordedAt).toBe(true);
      expect(Object.fromEntries(await Promise.all([0, 6, 7, 20, 21, 23, 24].map(async (position) => [position, await holdsPosition(store, position)])))).toEqual(
        { 0: true, 6: true, 7: false, 20: false, 21: true, 23: true, 24: false });
      for (const time of events.flatMap(({ recordedAt }) => [Date.parse(recordedAt) - 1, Date.parse(recordedAt)]))
        expect(await store.positionAt(new Date(time))).toBe(events.findLast((event) => Date.parse(event.recordedAt) <= time)?.position ?? 0);
    });

    test('readers pass the gap, also one that stands in it, and one that waits is woken', async () => {
      const patient = await log.open({ pollMs: 3_600_000 });
      const batches = patient.subscribe(4, new AbortController().signal, 2)[Symbol.asyncIterator]();
      expect(positionsOf((await batches.next()).value)).toEqual([5, 6]);
      const waiting = batches.next();
      await resumeAbove(log.database.url, 20, { id, metadata });
      expect(positionsOf((await waiting).value)).toEqual([21]);
      await store.append(newStream(), 0, someEvents(1));
      expect(positionsOf((await batches.next()).value)).toEqual([22]);
      expect(positionsOf(await store.readAll(10, 100))).toEqual([21, 22]);
      const inside = store.subscribe(10, new AbortController().signal)[Symbol.asyncIterator]();
      expect(positionsOf((await inside.next()).value)).toEqual([21, 22]);
    });

    test('may lose its end again', async () => {
      await resumeAbove(log.database.url, 20, { id, metadata });
      await loseEnd(log.database.url, 3);
      await resumeAbove(log.database.url, 30, { id, metadata });
      await store.append(newStream(), 0, someEvents(1));
      expect(positionsOf(await store.readAll(0, 100))).toEqual([1, 2, 3, 31, 32]);
    });

    test.each([1, 5, 6])('is not resumed above %i, which it still has', async (position) => {
      await expect(resumeAbove(log.database.url, position, { id, metadata })).rejects.toThrow(`the log ends at position 6, so nothing up to ${position} is void`);
      expect(await store.head()).toBe(6);
    });

    test.each([0, 1.5, 10 ** 15 + 1])('is not resumed above %d, which is no position', async (position) => {
      await expect(resumeAbove(log.database.url, position, { id, metadata })).rejects.toThrow('the position must be an integer');
    });

    test('waits for the appends under way', async () => {
      const release = await log.holdAppendLock();
      const resuming = resumeAbove(log.database.url, 20, { id, metadata });
      await log.untilWaitingForLock(1);
      expect(await store.head()).toBe(6);
      await release();
      expect(await resuming).toEqual({ voidFrom: 7, position: 21 });
    });
  });

  test('an append whose connection is lost while it waits for the lock is sent again, and is in the log once', async () => {
    const release = await log.holdAppendLock();
    const stream = newStream();
    const appending = store.append(stream, 0, someEvents(1));
    await log.untilWaitingForLock(1);
    await log.cut("application_name = 'event-log-append'");
    await log.untilWaitingForLock(1);
    await release();
    expect(await appending).toEqual({ outcome: 'appended', revision: 1, position: 1 });
    expect(await store.readAll(0, 10)).toHaveLength(1);
  });

  test('two batches on their way at once, whose connection is lost, are both sent again, and are in the log once', async () => {
    const sizes: number[] = [];
    const watched = await log.open({ onBatch: ({ appends }) => sizes.push(appends) });
    const release = await log.holdAppendLock();
    const appending = Array.from({ length: 150 }, () => watched.append(newStream(), 0, someEvents(1)));
    await log.untilWaitingForLock(1);
    await log.cut("application_name = 'event-log-append'");
    await log.untilWaitingForLock(1);
    await release();
    const positions = (await Promise.all(appending)).map((result) => result.outcome === 'appended' && result.position);
    expect(positions.toSorted((a, b) => Number(a) - Number(b))).toEqual(positionsOf(await store.readAll(0, 1_000)));
    expect(positions).toHaveLength(150);
    expect(sizes).toEqual([75, 75]);
  });

  test('an append whose answer is lost on the way is sent again, and answers as a repeat', async () => {
    const { url, proxy } = await log.proxy();
    const far = await log.open({ url });
    const stream = newStream();
    await far.append(stream, 0, someEvents(1));
    proxy.cutAnswers(1);
    expect(await far.append(stream, 1, someEvents(2))).toEqual({ outcome: 'duplicate', revision: 3, position: 3 });
    expect(proxy.left).toBe(0);
    expect(await store.head()).toBe(3);
  });

  test('an append is invisible until its transaction ends, and none overtakes it', async () => {
    const slow = await log.client();
    await slow.query('begin');
    await slow.query(ONE_APPEND, oneAppend('agency-SLOW'));
    const appending = store.append(newStream(), 0, someEvents(1));
    await log.untilWaitingForLock(1);
    expect(await store.readAll(0, 10)).toEqual([]);
    await slow.query('commit');
    expect(await appending).toMatchObject({ outcome: 'appended', position: 2 });
    expect((await store.readAll(0, 10)).map((event) => event.position)).toEqual([1, 2]);
  });

  test.each(['repeatable read', 'serializable'])('the function refuses %s', async (level) => {
    const client = await log.client();
    await client.query(`begin isolation level ${level}`);
    await expect(client.query(ONE_APPEND, oneAppend('agency-X'))).rejects.toMatchObject({ code: '25000', message: expect.stringContaining(level) });
    await client.query('rollback');
    await client.query(`begin isolation level ${level}`);
    await expect(client.query(ONE_EVENT, oneEvent('agency-X', 0))).rejects.toMatchObject({ code: '25000', message: expect.stringContaining(level) });
  });

  test('the short way takes one event at the exact revision, and does nothing at another', async () => {
    const client = await log.client();
    const positions = [];
    for (const expected of [1, 0, 0, 2, 1, null]) positions.push((await client.query(ONE_EVENT, oneEvent('agency-X', expected))).rows[0].position);
    expect(positions).toEqual([null, '1', null, null, '2', null]);
    expect((await store.readAll(0, 10)).map(({ position, revision }) => [position, revision])).toEqual([[1, 1], [2, 2]]);
  });

  test.each([[2, 'one event too few'], [0, 'size 0'], [-1, 'a size below 0'], [null, 'no size']])('the function refuses size %j: %s', async (size: number | null, _why: string) => {
    const client = await log.client();
    const [stream, expected, , ...event] = oneAppend('agency-X');
    await expect(client.query(ONE_APPEND, [stream, expected, [size], ...event])).rejects.toMatchObject({ code: expect.stringMatching(/^2/) });
    expect(await store.head()).toBe(0);
  });

  test.each([[0, 1], [2, 1], [1, 0], [1, 2], [1, null]])('the function refuses an event that is of append %j and there in place %j, where there is one of one', async (append: number, place: number | null) => {
    const client = await log.client();
    const [stream, expected, size, , , ...event] = oneAppend('agency-X');
    await expect(client.query(ONE_APPEND, [stream, expected, size, [append], [place], ...event])).rejects.toMatchObject({ code: '22023' });
    expect(await store.head()).toBe(0);
  });

  test('a batch of appends, repeats and conflicts numbers what is new, and that alone', async () => {
    const [old, other] = [newStream(), newStream()];
    const [first, second] = [someEvents(2), someEvents(3)];
    await store.append(old, 0, first);
    await store.append(other, 0, second);
    const results = await Promise.all([
      store.append(newStream(), 0, someEvents(2)),
      store.append(old, 1, someEvents(4)),
      store.append('agency-A', 'any', someEvents(1)),
      store.append(other, 'any', second),
      store.append(newStream(), 3, someEvents(1)),
      store.append('agency-B', 0, someEvents(3)),
    ]);
    expect(results).toEqual([
      { outcome: 'appended', revision: 2, position: 7 },
      { outcome: 'conflict', actualRevision: 2 },
      { outcome: 'appended', revision: 1, position: 8 },
      { outcome: 'duplicate', revision: 3, position: 5 },
      { outcome: 'conflict', actualRevision: 0 },
      { outcome: 'appended', revision: 3, position: 11 },
    ]);
    const events = await store.readAll(5, 100);
    expect(events.map(({ position, revision }) => [position, revision])).toEqual([[6, 1], [7, 2], [8, 1], [9, 1], [10, 2], [11, 3]]);
  });

  test('a lock that is not free in time is EVENT_STORE.UNAVAILABLE, for those who waited behind it too', async () => {
    const impatient = await log.open({ lockMs: 100 });
    const release = await log.holdAppendLock();
    const stream = newStream();
    const results = await Promise.allSettled([0, 1, 2].map((revision) => impatient.append(stream, revision, someEvents(1))));
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('busy') } });
    await release();
    expect(await impatient.append(stream, 0, someEvents(1))).toMatchObject({ outcome: 'appended', position: 1 });
  });

  test('an append that only the server refuses fails alone', async () => {
    // A small stack makes the server refuse JSON that is nested deeply, which passes the door.
    const url = new URL(log.database.url);
    url.searchParams.set('options', '-c max_stack_depth=100kB');
    const shallow = await log.open({ url: url.href });
    let nested: unknown = 1;
    for (let depth = 0; depth < 2_000; depth += 1) nested = [nested];
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => shallow.append(newStream(), 0, [someEvent(index === 4 ? nested : {})])),
    );
    expect(results.map((result) => result.status)).toEqual(results.map((_, index) => (index === 4 ? 'rejected' : 'fulfilled')));
    expect(results[4]).toMatchObject({ reason: { code: 'EVENT_STORE.REFUSED' } });
    expect((await store.readAll(0, 100)).map((event) => event.position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('concurrent appends share one call, and one announcement that carries the head', async () => {
    const batches: { appends: number; events: number }[] = [];
    const measured = await log.open({ onBatch: ({ appends, events }) => batches.push({ appends, events }) });
    const announced: string[] = [];
    const listener = await log.client();
    listener.on('notification', ({ payload }) => announced.push(payload!));
    await listener.query('listen event_log_head');
    const stream = newStream();
    await Promise.all([
      ...Array.from({ length: 20 }, () => measured.append(newStream(), 0, someEvents(2))),
      measured.append(stream, 0, someEvents(1)),
      measured.append(stream, 1, someEvents(1)),
    ]);
    // A batch that appends nothing announces nothing.
    await measured.append(stream, 7, someEvents(1));
    await measured.append(stream, 2, someEvents(1));
    expect(batches).toEqual([{ appends: 21, events: 41 }, { appends: 1, events: 1 }, { appends: 1, events: 1 }, { appends: 1, events: 1 }]);
    await until(() => announced.length >= 3);
    expect(announced).toEqual(['41', '42', '43']);
  });

  test('time stands still where the clock falls back', async () => {
    const owner = await log.client();
    await owner.query(`insert into event_log.events values (1, 'agency-A', 1, gen_random_uuid(), 'A', '2099-01-01T00:00:00.123Z', '{}', '{}')`);
    await store.append(newStream(), 0, someEvents(2));
    const events = await store.readAll(0, 10);
    expect(events.map((event) => event.recordedAt)).toEqual(Array(3).fill('2099-01-01T00:00:00.123Z'));
    expect(await store.positionAt(new Date('2099-01-01T00:00:00.123Z'))).toBe(3);
    expect(await store.positionAt(new Date('2099-01-01T00:00:00.122Z'))).toBe(0);
  });

  test('positions above 32 bits are exact', async () => {
    const owner = await log.client();
    const position = 2 ** 53 - 10;
    await owner.query(`insert into event_log.events values (${position}, 'agency-A', 1, gen_random_uuid(), 'A', now(), '{}', '{}')`);
    expect(await store.append('agency-A', 1, someEvents(1))).toEqual({ outcome: 'appended', revision: 2, position: position + 1 });
    expect((await store.readAll(position, 10)).map((event) => event.position)).toEqual([position + 1]);
    expect(await store.head()).toBe(position + 1);
  });

  test('a repeat where any revision is expected is found within the most recent 1,000 revisions, and not beyond', async () => {
    const stream = newStream();
    const [first, second] = [someEvents(1), someEvents(1)];
    await store.append(stream, 'any', first);
    await store.append(stream, 'any', second);
    for (let revision = 2; revision < 1_001; revision += 1) await store.append(stream, revision, someEvents(1));
    expect(await store.append(stream, 'any', second)).toEqual({ outcome: 'duplicate', revision: 2, position: 2 });
    expect(await store.append(stream, 'any', first)).toMatchObject({ outcome: 'appended', revision: 1_002 });
  });

  test('a subscriber whose wake-up never comes finds new events by itself', async () => {
    const polling = await log.open({ pollMs: 20 });
    const batches = polling.subscribe(0, new AbortController().signal)[Symbol.asyncIterator]();
    const next = batches.next();
    const owner = await log.client();
    // Written beside the function, so that nothing announces it.
    await owner.query(`insert into event_log.events values (1, 'agency-A', 1, gen_random_uuid(), 'A', now(), '{}', '{}')`);
    expect((await next).value).toMatchObject([{ position: 1 }]);
  });

  test('a subscriber woken does not wait for its poll', async () => {
    const patient = await log.open({ pollMs: 3_600_000 });
    const batches = patient.subscribe(0, new AbortController().signal)[Symbol.asyncIterator]();
    for (let position = 1; position <= 5; position += 1) {
      const next = batches.next();
      await store.append(newStream(), 0, someEvents(1));
      expect((await next).value).toMatchObject([{ position }]);
      // A new connection to listen wakes everybody too: something may have come while nobody listened.
      if (position === 3) await log.cut("application_name = 'event-log-listen'");
    }
  });

  test('an event that comes while a subscriber looks, too late for that look, wakes it all the same', async () => {
    const patient = await log.open({ pollMs: 3_600_000 });
    const batches = patient.subscribe(0, new AbortController().signal)[Symbol.asyncIterator]();
    const first = batches.next();
    await store.append(newStream(), 0, someEvents(1));
    await first;
    const readAll = patient.readAll.bind(patient);
    jest.spyOn(patient, 'readAll').mockImplementationOnce(async (after, limit) => {
      const nothing = await readAll(after, limit);
      const before = patient['headWatch'].announcements;
      await store.append(newStream(), 0, someEvents(1));
      await until(() => patient['headWatch'].announcements > before);
      return nothing;
    });
    expect((await batches.next()).value).toMatchObject([{ position: 2 }]);
  });

  test('a subscription reads no batch before the one before it was taken', async () => {
    await store.append(newStream(), 0, someEvents(30));
    const reads = jest.spyOn(store, 'readAll');
    const batches = store.subscribe(0, new AbortController().signal, 10)[Symbol.asyncIterator]();
    await batches.next();
    // Another look at the log: whatever the subscription had begun would have been seen by now.
    await store.head();
    expect(reads).toHaveBeenCalledTimes(1);
    await batches.next();
    expect(reads).toHaveBeenCalledTimes(2);
  });

  test.each([
    ['that compresses well', () => 'x'.repeat(200_000)],
    ['that does not', () => randomBytes(100_000).toString('hex')],
  ])('a page of large data %s ends at 16 MiB, in a subscription too', async (_, text) => {
    for (let n = 0; n < 25; n += 1) await store.append(newStream(), 0, Array.from({ length: 4 }, () => someEvent({ text: text() })));
    const fits = Math.ceil((16 * 1024 * 1024) / 200_011);
    expect(positionsOf(await store.readAll(0, 10_000))).toEqual(Array.from({ length: fits }, (_event, n) => n + 1));
    expect(await store.readAll(fits, 10_000)).toHaveLength(100 - fits);
    const { value } = await store.subscribe(0, new AbortController().signal, 10_000)[Symbol.asyncIterator]().next();
    expect(value).toHaveLength(fits);
  });

  test('a subscription tells of a lost connection, and of a log that is gone it fails', async () => {
    const troubles: unknown[] = [];
    const told = await log.open({ pollMs: 20, onTrouble: (error) => troubles.push(error) });
    const next = told.subscribe(0, new AbortController().signal)[Symbol.asyncIterator]().next();
    await until(async () => (await log.connections("application_name = 'event-log-listen'")) > 0);
    await log.cut("application_name = 'event-log-listen'");
    await until(() => troubles.length > 0);
    const owner = await log.client();
    const failing = expect(next).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('not set up') });
    await owner.query('drop schema event_log cascade');
    await failing;
  });

  test('so many reads wait for a connection at most; what comes beyond is turned away, and those that wait are answered', async () => {
    await store.append(newStream(), 0, someEvents(1));
    const reads = await Promise.allSettled(Array.from({ length: READS_WAITING_MAX + 100 }, () => store.head()));
    const refused = reads.filter((read) => read.status === 'rejected').map(({ reason }) => reason as Error);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThanOrEqual(100);
    for (const error of refused) expect(error).toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('too many reads') });
    expect(await store.head()).toBe(1);
  });

  test('a server out of reach is EVENT_STORE.UNAVAILABLE, without the driver’s words', async () => {
    const unused = await unusedPort();
    const failing = PostgresEventStore.connect({ url: `postgresql://nobody@127.0.0.1:${unused}/nothing` });
    await expect(failing).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE', message: "the event log can't be reached" });
  });

  test('closing while the server is out of reach answers every append, and ends', async () => {
    const { url, proxy } = await log.proxy();
    const far = await log.open({ url });
    await proxy.close();
    const appends = Promise.allSettled([far.append(newStream(), 0, someEvents(1)), far.append(newStream(), 0, someEvents(1))]);
    await far.close();
    for (const result of await appends) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'EVENT_STORE.UNAVAILABLE' } });
  });
});

/** A migrated database with stores, plain superuser's clients and proxies, all closed by `release`. */
async function openLog() {
  const database: TestDatabase = await testDatabase();
  await migrateEventLog(database.url);
  const stores: PostgresEventStore[] = [];
  const clients: pg.Client[] = [];
  const proxies: TcpProxy[] = [];
  const client = async () => {
    const opened = new pg.Client(database.url);
    clients.push(opened);
    await opened.connect();
    return opened;
  };
  const admin = await client();
  const mine = (which: string) => `from pg_stat_activity where datname = current_database() and ${which}`;
  return {
    database,
    client,
    async open(options: Partial<PostgresEventStoreOptions> = {}) {
      const store = await PostgresEventStore.connect({ url: database.url, ...options });
      stores.push(store);
      return store;
    },
    async connections(which: string) {
      const { rows } = await admin.query<{ count: number }>(`select count(*)::int as count ${mine(which)}`);
      return rows[0]!.count;
    },
    async cut(which: string) {
      await admin.query(`select pg_terminate_backend(pid) ${mine(which)}`);
    },
    async holdAppendLock() {
      await admin.query('select pg_advisory_lock($1)', [APPEND_LOCK]);
      return async () => {
        await admin.query('select pg_advisory_unlock($1)', [APPEND_LOCK]);
      };
    },
    async untilWaitingForLock(count: number) {
      const waiting = `wait_event_type = 'Lock' and wait_event = 'advisory'`;
      await until(async () => {
        const { rows } = await admin.query<{ count: number }>(`select count(*)::int as count ${mine(waiting)}`);
        return rows[0]!.count === count;
      });
    },
    /** A way to the server on which an answer can get lost. */
    async proxy() {
      const url = new URL(database.url);
      const port = Number(url.port);
      const proxy = await TcpProxy.listen(() => port);
      proxies.push(proxy);
      url.port = String(proxy.port);
      return { url: url.href, proxy };
    },
    async release() {
      await Promise.all(stores.map((store) => store.close()));
      await Promise.all(clients.map((opened) => opened.end()));
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await database.drop();
    },
  };
}

const ONE_EVENT = 'select event_log.append_one($1, $2, $3, $4, $5, $6) as position';
const ONE_APPEND = 'select * from event_log.append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9)';

function positionsOf(events: void | readonly RecordedEvent[]): number[] {
  return (events ?? []).map(({ position }) => position);
}

function oneEvent(stream: string, expected: number | null): unknown[] {
  const { id, type } = someEvent();
  return [stream, expected, id, type, '{}', '{}'];
}

function oneAppend(stream: string): unknown[] {
  const { id, type } = someEvent();
  return [[stream], [0], [1], [1], [1], [id], [type], '{}', '{}'];
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
