import pg from 'pg';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { someEvents } from '../event-store.contract.ts';
import type { EventStore } from '../event-store.ts';
import { openEventStore } from '../open-event-store.ts';
import { connectionConfig } from './connections.ts';
import { migrateEventLog } from './migrate-event-log.ts';

describe('migrateEventLog', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  /** What a test made beside the database, also when it failed half-way; undone in reverse order. */
  let undo: (() => Promise<unknown>)[];

  beforeEach(async () => {
    database = await testDatabase();
    owner = new pg.Client(database.url);
    await owner.connect();
    undo = [];
  });
  afterEach(async () => {
    for (const step of undo.reverse()) await step();
    await owner.end();
    await database.drop();
  });

  test('may be called by many at once, and again: each version is applied once', async () => {
    await Promise.all(Array.from({ length: 5 }, () => migrateEventLog(database.url)));
    const store = await open(database.url);
    await store.append('agency-UNDP', 0, someEvents(3));
    await migrateEventLog(database.url);
    expect(await store.head()).toBe(3);
    const { rows } = await owner.query('select version from event_log.migrations order by version');
    expect(rows).toEqual([{ version: 1 }, { version: 2 }, { version: 3 }, { version: 4 }]);
  });

  test('replaces the function of a log that was made before appends went in by sets', async () => {
    await migrateEventLog(database.url);
    await owner.query(`drop function event_log.append_batch, event_log.append_one;
      create function event_log.append_batch(streams text[]) returns void language sql as '';
      delete from event_log.migrations where version = 3`);
    await migrateEventLog(database.url);
    const store = await open(database.url);
    expect(await store.append('agency-UNDP', 0, someEvents(3))).toEqual({ outcome: 'appended', revision: 3, position: 3 });
    const { rows } = await owner.query(`select count(*)::int from pg_proc where proname = 'append_batch'`);
    expect(rows).toEqual([{ count: 1 }]);
  });

  test('takes the index of the time from a log that has one, and finds instants without it', async () => {
    await migrateEventLog(database.url);
    await owner.query(`drop function event_log.position_at;
      create index events_recorded_at on event_log.events (recorded_at, position);
      delete from event_log.migrations where version = 4`);
    await migrateEventLog(database.url);
    const { rows } = await owner.query(`select indexname from pg_indexes where schemaname = 'event_log' and tablename = 'events' order by 1`);
    expect(rows).toEqual([{ indexname: 'events_pkey' }, { indexname: 'events_stream_revision_key' }]);
    const store = await open(database.url);
    await store.append('agency-UNDP', 0, someEvents(3));
    expect(await store.positionAt(new Date())).toBe(3);
  });

  test('may run in several databases of one server at once, by users without rights of a superuser', async () => {
    const user = await createUser('createrole');
    const databases = await Promise.all([1, 2, 3].map(() => testDatabase()));
    undo.push(() => Promise.all(databases.map((each) => each.drop())));
    await Promise.all(databases.map(({ url }) => allowCreate(url, user)));
    await owner.query(`grant event_log_app to ${user} with admin true, set false`);
    await Promise.all(databases.map(({ url }) => migrateEventLog(as(user, url))));
    for (const { url } of databases) {
      const store = await open(as(user, url));
      expect(await store.append('agency-UNDP', 0, someEvents(1))).toMatchObject({ outcome: 'appended' });
    }
  });

  test('refuses a log that is newer than the program, and a database that is not UTF-8', async () => {
    await migrateEventLog(database.url);
    await owner.query(`insert into event_log.migrations values (1000, 'from the future')`);
    await expect(migrateEventLog(database.url)).rejects.toThrow('version 1000');

    const name = `${new URL(database.url).pathname.slice(1)}_ascii`;
    await owner.query(`create database ${name} template template0 encoding 'SQL_ASCII' locale 'C'`);
    undo.push(() => owner.query(`drop database ${name} with (force)`));
    const url = new URL(database.url);
    url.pathname = `/${name}`;
    await expect(migrateEventLog(url.href)).rejects.toThrow('UTF8');
  });

  test('a log that was not set up is told when it is opened', async () => {
    const opening = open(database.url);
    await expect(opening).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('run its migration') });
  });

  describe('the application', () => {
    beforeEach(() => migrateEventLog(database.url));

    test('acts as event_log_app whatever the URL says', async () => {
      const url = new URL(database.url);
      url.searchParams.set('options', '-c role=none -c enable_seqscan=on');
      const client = await connectAsApplication(url.href);
      const { rows } = await client.query(`select current_user as "user", current_setting('enable_seqscan') as seqscan`);
      expect(rows).toEqual([{ user: 'event_log_app', seqscan: 'off' }]);
    });

    test('can read the log and call its functions, as a member without other rights', async () => {
      const user = await createUser('');
      await owner.query(`grant event_log_app to ${user}`);
      const store = await open(as(user, database.url));
      await store.append('agency-UNDP', 0, someEvents(1));
      expect(await store.readStream('agency-UNDP')).toHaveLength(1);
    });

    test('is told when its user is no member', async () => {
      const user = await createUser('');
      const opening = open(as(user, database.url));
      await expect(opening).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('member of the role event_log_app') });
    });

    test.each([
      `insert into event_log.events values (1, 'a-b', 1, gen_random_uuid(), 'A', now(), '{}', '{}')`,
      `update event_log.events set type = 'B'`,
      'delete from event_log.events',
      'truncate event_log.events',
      'drop table event_log.events',
      'alter table event_log.events disable trigger all',
      'create table event_log.another ()',
      'create index on event_log.events (type)',
      'drop function event_log.append_batch',
      'insert into event_log.migrations values (7)',
      `select event_log.resume_above(7, gen_random_uuid(), '{}')`,
      `select event_log.find_repeat('a-b', 0, 1, array[gen_random_uuid()])`,
    ])('may not %s', async (statement) => {
      const client = await connectAsApplication(database.url);
      await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
    });
  });

  describe('the owner, a superuser at that,', () => {
    beforeEach(async () => {
      await migrateEventLog(database.url);
      await owner.query(`insert into event_log.events values (1, 'agency-A', 1, gen_random_uuid(), 'A', now(), '{}', '{}')`);
    });

    const changes = [
      `update event_log.events set type = 'B'`,
      `update event_log.events set type = 'B' where false`,
      'delete from event_log.events',
      'truncate event_log.events',
      'truncate event_log.events cascade',
      `insert into event_log.events select * from event_log.events on conflict (position) do update set type = 'B'`,
    ];
    test.each(changes)('is refused: %s', async (statement) => {
      for (const role of ['origin', 'replica']) {
        await owner.query(`set session_replication_role = ${role}`);
        await expect(owner.query(statement)).rejects.toThrow('the event log only grows');
      }
      const { rows } = await owner.query('select type from event_log.events');
      expect(rows).toEqual([{ type: 'A' }]);
    });

    test.each([
      ['the same position', `1, 'agency-B', 1`],
      ['the same revision of a stream', `2, 'agency-A', 1`],
      ['position 0', `0, 'agency-B', 1`],
      ['revision 0', `2, 'agency-B', 0`],
    ])('cannot add an event with %s', async (_, place) => {
      const insert = `insert into event_log.events values (${place}, gen_random_uuid(), 'A', now(), '{}', '{}')`;
      await expect(owner.query(insert)).rejects.toMatchObject({ code: expect.stringMatching(/^23/) });
    });
  });

  async function open(url: string): Promise<EventStore> {
    const store = await openEventStore(url);
    undo.push(() => store.close());
    return store;
  }

  async function connectAsApplication(url: string): Promise<pg.Client> {
    const client = new pg.Client(connectionConfig(url, 'test', { connectMs: 5_000, lockMs: 5_000, statementMs: 5_000 }));
    await client.connect();
    undo.push(() => client.end());
    return client;
  }

  /** Roles belong to the whole server, so each test names and drops its own. */
  async function createUser(attributes: string): Promise<string> {
    const name = `user_${new URL(database.url).pathname.slice(1)}`;
    await owner.query(`create role ${name} login password 'secret' ${attributes}`);
    undo.push(async () => {
      await owner.query(`drop owned by ${name}`);
      await owner.query(`drop role ${name}`);
    });
    return name;
  }
});

async function allowCreate(url: string, user: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`grant create on database ${client.database} to ${user}`);
  await client.end();
}

function as(user: string, url: string): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = 'secret';
  return changed.href;
}
