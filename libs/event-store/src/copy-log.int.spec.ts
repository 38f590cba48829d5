import { asOwner, testDatabase } from '#testing/postgres.ts';
import { compareLogs } from './compare-logs.ts';
import { describeCopying, type FreshLog, type KindOfLog } from './copy-log.contract.ts';
import { copyLog, type CopyTarget } from './copy-log.ts';
import { newStream, someEvents } from './event-store.contract.ts';
import type { EventStore } from './event-store.ts';
import { openServer } from './kurrentdb/server-under-test.fixture.ts';
import { openCopyTarget } from './open-copy-target.ts';
import { openEventStore } from './open-event-store.ts';
import { migrateEventLog } from './postgres/migrate-event-log.ts';

const postgres: KindOfLog = {
  name: 'PostgreSQL',
  async open() {
    const database = await testDatabase();
    await migrateEventLog(database.url);
    const breakConnections = () => asOwner(database.url, async (client) => {
      await client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'event-log-%' and datname = current_database()");
    });
    return { url: database.url, breakConnections, release: () => database.drop() };
  },
};
const kurrentDb: KindOfLog = {
  name: 'KurrentDB',
  async open() {
    const server = await openServer();
    return { url: server.newLog(), breakConnections: async () => server.breakConnections(), release: () => server.stop() };
  },
};
const SLOW_MS = 60_000;

describeCopying(postgres, postgres);
describeCopying(postgres, kurrentDb);
describeCopying(kurrentDb, postgres);

test('a log that goes from PostgreSQL to KurrentDB and back has the same hash everywhere', async () => {
  const logs = await Promise.all([postgres.open(), kurrentDb.open(), postgres.open()]);
  const { signal } = new AbortController();
  const first = await openEventStore(logs[0]!.url);
  const targets = [await openCopyTarget(logs[1]!.url), await openCopyTarget(logs[2]!.url)] as const;
  const [middle, last] = targets.map(({ store }) => store) as [EventStore, EventStore];
  try {
    for (let n = 0; n < 30; n += 1) await first.append(newStream(), 0, someEvents(n + 1));
    await copyLog(first, targets[0], { signal });
    await copyLog(middle, targets[1], { signal });
    const { sha256, events } = await compareLogs(first, first, { signal });
    expect(events).toBe(465);
    for (const [one, other, samePositions] of [[first, middle, false], [middle, last, false], [last, first, true]] as const)
      expect(await compareLogs(one, other, { signal })).toEqual({ sha256, events, samePositions });

    // The way back takes only what came since.
    await middle.append('agency-UNDP', 0, someEvents(3));
    const back = await openCopyTarget(logs[0]!.url);
    expect(await copyLog(middle, back, { signal })).toMatchObject({ events: 3 });
    expect((await compareLogs(middle, back.store, { signal })).difference).toBeUndefined();
    await back.close();
  } finally {
    await first.close();
    for (const target of targets) await target.close();
    await Promise.all(logs.map((log) => log.release()));
  }
}, SLOW_MS);

describe('comparing finds', () => {
  const { signal } = new AbortController();
  let logs: FreshLog[];
  let source: EventStore;
  let target: CopyTarget;

  beforeEach(async () => {
    logs = await Promise.all([postgres.open(), postgres.open()]);
    source = await openEventStore(logs[0]!.url);
    target = await openCopyTarget(logs[1]!.url);
    await source.append('agency-UNDP', 0, someEvents(3));
    await source.append('agency-ITU', 0, someEvents(2));
    await copyLog(source, target, { signal });
  });
  afterEach(async () => {
    await source?.close();
    await target?.close();
    await Promise.all(logs?.map((log) => log.release()));
  });

  test.each([
    ['data', `data = '{"n":2 }'`],
    ['metadata', `metadata = (metadata::jsonb || '{"occurredOn":"2022-03-29"}')::json`],
    ['type', `type = 'SomethingElseHappened'`],
    ['id', 'id = gen_random_uuid()'],
    ['recordedAt', `recorded_at = recorded_at + interval '1 millisecond'`],
    ['stream, revision', `stream = 'agency-X', revision = 1`],
  ])('an event whose %s was changed', async (fields, change) => {
    await tamper(`update event_log.events set ${change} where position = 2`);
    const { events, difference } = await compareLogs(source, target.store, { signal });
    expect(events).toBe(1);
    expect(difference).toEqual({ fields: fields.split(', '), source: expect.objectContaining({ position: 2, revision: 2 }), target: expect.objectContaining({ position: 2 }) });
  });

  test('no difference where only the order of the keys of metadata is another', async () => {
    await tamper('update event_log.events set metadata = metadata::jsonb::json');
    expect(await compareLogs(source, target.store, { signal })).toEqual(await compareLogs(source, source, { signal }));
  });

  test('an event that is missing at the end, or came in addition', async () => {
    await tamper('delete from event_log.events where position = 5');
    expect(await compareLogs(source, target.store, { signal })).toMatchObject({ events: 4, difference: { fields: [], source: { stream: 'agency-ITU', revision: 2 } } });
    expect(await compareLogs(target.store, source, { signal })).toMatchObject({ events: 4, difference: { fields: [], target: { stream: 'agency-ITU', revision: 2 } } });
  });

  test('an event that is missing in the middle', async () => {
    await tamper('delete from event_log.events where position = 4');
    expect(await compareLogs(source, target.store, { signal })).toMatchObject({ events: 3, difference: { source: { revision: 1 }, target: { revision: 2 } } });
  });

  async function tamper(statement: string): Promise<void> {
    await asOwner(logs[1]!.url, (client) => client.query(`begin; alter table event_log.events disable trigger all; ${statement}; commit`));
  }
});
