import type { RecordedText } from '#domain/event.ts';
import { asOwner, testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { until } from '#testing/until.ts';
import { compareLogs } from '../compare-logs.ts';
import { copyLog } from '../copy-log.ts';
import { someEvent, someEvents } from '../event-store.contract.ts';
import { openCopyTarget } from '../open-copy-target.ts';
import { PostgresCopyTarget } from './copy-target.ts';
import { PostgresEventStore } from './postgres-event-store.ts';
import { resumeAbove } from './resume-above.ts';
import { APPEND_LOCK } from './sql/append-batch.sql.ts';

describe('a PostgreSQL log that another is copied into', () => {
  const { signal } = new AbortController();
  let database: TestDatabase;
  let target: PostgresCopyTarget;
  /** What a test opened beside it. */
  let undo: (() => Promise<unknown>)[];

  beforeEach(async () => {
    database = await testDatabase();
    target = await PostgresCopyTarget.open(database.url);
    undo = [];
  });
  afterEach(async () => {
    for (const step of undo.reverse()) await step();
    await target.close();
    await database.drop();
  });

  test('numbers what comes 1, 2, 3, ... whatever the numbers were', async () => {
    const { url, store } = await anotherLog();
    await store.append('agency-UNDP', 0, someEvents(3));
    const { id, metadata } = someEvent();
    await resumeAbove(url, 1_000, { id, metadata });
    await store.append('agency-UNDP', 3, someEvents(2));
    expect(await copyLog(store, target, { signal })).toMatchObject({ events: 6, position: 1_003 });
    expect((await target.store.readAll(0, 10)).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await compareLogs(store, target.store, { signal })).toEqual({ events: 6, sha256: expect.any(String), samePositions: false });
    await target.store.append('agency-UNDP', 5, someEvents(1));
    expect(await target.store.head()).toBe(7);
  });

  test.each([
    ['leaves a revision out', [event('agency-A', 1), event('agency-A', 3)], 'revision 3 of agency-A, which the target holds up to revision 1'],
    ['begins a stream in its middle', [event('agency-A', 1), event('agency-B', 2)], 'revision 2 of agency-B, which the target holds up to revision 0'],
    ['repeats a revision', [event('agency-A', 1), event('agency-A', 1)], 'revision 1 of agency-A, which the target holds up to revision 1'],
    ['goes back in time', [event('agency-A', 1), { ...event('agency-A', 2), recordedAt: '2026-01-01T11:59:59.999Z' }], 'was recorded at 2026-01-01T11:59:59.999Z, before'],
    ['holds no JSON', [event('agency-A', 1), { ...event('agency-A', 2), data: '{"a"' }], "can't hold these events"],
  ])('takes nothing of a page that %s', async (_, page, message) => {
    await expect(target.copyIn(page)).rejects.toThrow(message);
    expect(await target.store.head()).toBe(0);
    await target.copyIn(page.slice(0, 1));
    await expect(target.copyIn(page.slice(1))).rejects.toThrow(message);
    expect(await target.store.head()).toBe(1);
    await target.copyIn([event('agency-A', 2)]);
    expect(await target.store.head()).toBe(2);
  });

  test('wakes who follows it', async () => {
    const patient = await PostgresEventStore.connect({ url: database.url, pollMs: 3_600_000 });
    undo.push(() => patient.close());
    const batches = patient.subscribe(0, signal)[Symbol.asyncIterator]();
    await target.copyIn([event('agency-A', 1)]);
    expect((await batches.next()).value).toMatchObject([{ position: 1 }]);
    const waiting = batches.next();
    await target.copyIn([event('agency-A', 2), event('agency-B', 1)]);
    expect((await waiting).value).toMatchObject([{ position: 2 }, { position: 3 }]);
  });

  test('takes turns with appends by their lock', async () => {
    await asOwner(database.url, async (client) => {
      await client.query('begin');
      await client.query('select pg_advisory_xact_lock($1)', [APPEND_LOCK]);
      const copying = target.copyIn([event('agency-A', 1)]);
      await until(async () => {
        const { rows } = await client.query(`select 1 from pg_stat_activity where application_name = 'event-log-copy' and wait_event_type = 'Lock'`);
        return rows.length === 1;
      });
      expect(await target.store.head()).toBe(0);
      await client.query('commit');
      await copying;
    });
    expect(await target.store.head()).toBe(1);
  });

  test('whose connection was lost is unavailable, and another copy goes on', async () => {
    const { store } = await anotherLog();
    await store.append('agency-UNDP', 0, someEvents(5));
    await target.copyIn(await store.readAllText(0, 2));
    await asOwner(database.url, (client) => client.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'event-log-copy' and datname = current_database()`));
    await expect(copyLog(store, target, { signal })).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE' });
    const again = await PostgresCopyTarget.open(database.url);
    undo.push(() => again.close());
    expect(await copyLog(store, again, { signal })).toMatchObject({ events: 3 });
    expect(await compareLogs(store, again.store, { signal })).toMatchObject({ events: 5 });
  });

  test('refuses who does not own it, also where he may append', async () => {
    const user = `user_${new URL(database.url).pathname.slice(1)}`;
    await asOwner(database.url, (client) => client.query(`create role ${user} login password 'secret' in role event_log_app`));
    undo.push(() => asOwner(database.url, (client) => client.query(`drop role ${user}`)));
    const url = Object.assign(new URL(database.url), { username: user, password: 'secret' }).href;
    const store = await PostgresEventStore.connect({ url });
    undo.push(() => store.close());
    expect(await store.append('agency-UNDP', 0, someEvents(1))).toMatchObject({ outcome: 'appended' });
    await expect(openCopyTarget(url)).rejects.toThrow('only the owner of a log may copy into it');
  });

  test('is refused where there is none', async () => {
    await expect(openCopyTarget('postgres://someone:secret@127.0.0.1:1/ledger')).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE' });
    await expect(openCopyTarget('mysql://root:secret@localhost/log')).rejects.toThrow('the URL of the target must be a URL that starts with');
    await expect(openCopyTarget('nowhere')).rejects.toThrow('the URL of the target must be a URL');
  });

  async function anotherLog(): Promise<{ url: string; store: PostgresEventStore }> {
    const other = await testDatabase();
    undo.push(() => other.drop());
    const log = await PostgresCopyTarget.open(other.url);
    undo.push(() => log.close());
    return { url: other.url, store: log.store };
  }
});

function event(stream: string, revision: number): RecordedText {
  return { ...someEvent(), data: '{"n": 1}', stream, revision, position: 7, recordedAt: '2026-01-01T12:00:00.000Z' };
}
