import pg from 'pg';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { someEvents } from '../event-store.contract.ts';
import { openEventStore } from '../open-event-store.ts';
import { connectionConfig } from './connections.ts';
import { migrateEventLog } from './migrate-event-log.ts';

describe('migrateEventLog', () => {
  let database: TestDatabase;
  let owner: pg.Client;

  beforeEach(async () => {
    database = await testDatabase();
    owner = new pg.Client(database.url);
    await owner.connect();
  });
  afterEach(async () => {
    await owner.end();
    await database.drop();
  });

  test('may be called by many at once, and again: each version is applied once', async () => {
    await Promise.all(Array.from({ length: 5 }, () => migrateEventLog(database.url)));
    const store = await openEventStore(database.url);
    await store.append('agency-UNDP', 0, someEvents(3));
    await migrateEventLog(database.url);
    expect(await store.head()).toBe(3);
    await store.close();
    const { rows } = await owner.query('select version from event_log.migrations');
    expect(rows).toEqual([{ version: 1 }]);
  });

  test('may run in several databases of one server at once, by users without rights of a superuser', async () => {
    const databases = await Promise.all([1, 2, 3].map(() => testDatabase()));
    const user = await createUser('createrole');
    await Promise.all(databases.map(({ url }) => allowCreate(url, user.name)));
    const urls = databases.map(({ url }) => as(url, user));
    await owner.query(`grant event_log_app to ${user.name} with admin true, set false`);
    await Promise.all(urls.map(migrateEventLog));
    for (const url of urls) {
      const store = await openEventStore(url);
      expect(await store.append('agency-UNDP', 0, someEvents(1))).toMatchObject({ outcome: 'appended' });
      await store.close();
    }
    await Promise.all(databases.map((each) => each.drop()));
    await user.drop();
  });

  test('refuses a log that is newer than the program, and a database that is not UTF-8', async () => {
    await migrateEventLog(database.url);
    await owner.query(`insert into event_log.migrations values (1000, 'from the future')`);
    await expect(migrateEventLog(database.url)).rejects.toThrow('version 1000');

    const name = `${new URL(database.url).pathname.slice(1)}_ascii`;
    await owner.query(`create database ${name} template template0 encoding 'SQL_ASCII' locale 'C'`);
    const url = new URL(database.url);
    url.pathname = `/${name}`;
    await expect(migrateEventLog(url.href)).rejects.toThrow('UTF8');
    await owner.query(`drop database ${name} with (force)`);
  });

  test('a log that was not set up is told when it is opened', async () => {
    const opening = openEventStore(database.url);
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
      await client.end();
    });

    test('can read the log and call its one function, as a member without other rights', async () => {
      const user = await createUser('');
      await owner.query(`grant event_log_app to ${user.name}`);
      const store = await openEventStore(as(database.url, user));
      await store.append('agency-UNDP', 0, someEvents(1));
      expect(await store.readStream('agency-UNDP')).toHaveLength(1);
      await store.close();
      await user.drop();
    });

    test('is told when its user is no member', async () => {
      const user = await createUser('');
      const opening = openEventStore(as(database.url, user));
      await expect(opening).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('member of the role event_log_app') });
      await user.drop();
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
      `select event_log.find_repeat('a-b', 0, 1, array[gen_random_uuid()])`,
    ])('may not %s', async (statement) => {
      const client = await connectAsApplication(database.url);
      await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
      await client.end();
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

  /** Roles belong to the whole server, so each test names and drops its own. */
  async function createUser(attributes: string) {
    const name = `user_${new URL(database.url).pathname.slice(1)}`;
    await owner.query(`create role ${name} login password 'secret' ${attributes}`);
    return {
      name,
      password: 'secret',
      async drop() {
        await owner.query(`drop owned by ${name}`);
        await owner.query(`drop role ${name}`);
      },
    };
  }

  async function allowCreate(url: string, name: string) {
    const client = new pg.Client(url);
    await client.connect();
    await client.query(`grant create on database ${new URL(url).pathname.slice(1)} to ${name}`);
    await client.end();
  }

  function as(url: string, { name, password }: { name: string; password: string }): string {
    const changed = new URL(url);
    changed.username = name;
    changed.password = password;
    return changed.href;
  }

  async function connectAsApplication(url: string): Promise<pg.Client> {
    const client = new pg.Client(connectionConfig(url, 'test', { connectMs: 5_000, lockMs: 5_000, statementMs: 5_000 }));
    await client.connect();
    return client;
  }
});
