import pg from 'pg';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { run } from './terminal.fixture.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await testDatabase();
});

afterEach(() => database.drop());

test('makes the tables of log, views and publisher; again, and twice at once, it changes nothing', async () => {
  const env = { DATABASE_URL: database.url };
  const twice = await Promise.all([run(['migrate'], env), run(['migrate'], env)]);
  const said = { exitCode: 0, out: 'up to date: event log, read model, publisher\n', err: '' };
  expect(twice).toEqual([said, said]);
  const made = await tables();
  expect(made).toEqual(expect.arrayContaining(['event_log.events', 'read_model.checkpoints', 'view_commitments_v1.rows', 'publisher.progress']));

  const again = await run(['migrate', '--json'], env);
  expect({ exitCode: again.exitCode, ...JSON.parse(again.out) }).toEqual({ exitCode: 0, migrated: ['event log', 'read model', 'publisher'] });
  expect(await tables()).toEqual(made);
});

test.each(['kurrentdb://127.0.0.1:2113', 'esdb+discover://a:2113,b:2113'])('a log at %s needs no tables', async (url) => {
  const { exitCode, out } = await run(['migrate'], { DATABASE_URL: database.url, EVENT_STORE_URL: url });
  expect({ exitCode, out }).toEqual({ exitCode: 0, out: 'up to date: read model, publisher\n' });
  expect((await tables()).filter((name) => name.startsWith('event_log'))).toEqual([]);
});

async function tables(): Promise<string[]> {
  const client = new pg.Client(database.url);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>("select schemaname || '.' || tablename as name from pg_tables where schemaname !~ '^pg_|information_schema' order by 1");
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}
