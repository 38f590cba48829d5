import pg from 'pg';
import { viewId } from '#read-model/view.ts';
import { views } from '#read-model/views.ts';
import { logOf } from '#testing/given.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { everything } from '#testing/scenes.ts';
import { fillLog, projectAll } from './filled-log.fixture.ts';
import { run } from './terminal.fixture.ts';

let database: TestDatabase;
let env: { DATABASE_URL: string };

beforeEach(async () => {
  database = await testDatabase();
  env = { DATABASE_URL: database.url };
  await run(['migrate'], env);
  await fillLog(database.url, logOf(everything));
  await projectAll(database.url);
});

afterEach(() => database.drop());

test('one view, by its name, is what it was, whatever was done to its tables', async () => {
  const before = await rowsOf('agencies');
  expect(before).not.toEqual([]);
  await query('delete from view_agencies_v1.rows');
  const { exitCode, out, err } = await run(['rebuild', 'agencies'], env);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out).toMatch(/^agencies_v\d+ rebuilt in \d+ ms\n$/);
  expect(await rowsOf('agencies')).toEqual(before);
});

test('all views, where none is named; with --json for a program', async () => {
  await query('delete from view_commitments_v1.rows');
  const { exitCode, out } = await run(['rebuild', '--json'], env);
  expect(exitCode).toBe(0);
  expect(JSON.parse(out).views.map(({ view }: { view: string }) => view)).toEqual(views.map(viewId));
  expect(await rowsOf('commitments')).not.toEqual([]);
});

test('a view that can not be rebuilt is told, with the reason, and the others are rebuilt', async () => {
  await query('delete from view_agencies_v1.rows; drop table view_commitments_v1.rows');
  const { exitCode, out } = await run(['rebuild', '--json'], env);
  expect(exitCode).toBe(1);
  const failed = JSON.parse(out).views.filter(({ error }: { error?: string }) => error !== undefined);
  expect(failed).toEqual([{ view: 'commitments_v1', milliseconds: expect.any(Number), error: expect.stringContaining('view_commitments_v1') }]);
  expect(await rowsOf('agencies')).not.toEqual([]);
});

test('a database without tables is told to be migrated', async () => {
  await query('drop schema read_model cascade');
  const { exitCode, err } = await run(['rebuild'], env);
  expect(exitCode).toBe(1);
  expect(err).toContain('run `ledger migrate`');
});

test('Ctrl-C leaves the views as they were', async () => {
  const before = await rowsOf('commitments');
  const { exitCode, err } = await run(['rebuild'], env, AbortSignal.abort());
  expect({ exitCode, err }).toEqual({ exitCode: 130, err: 'stopped\n' });
  expect(await rowsOf('commitments')).toEqual(before);
});

function rowsOf(view: string): Promise<unknown[]> {
  return query(`select to_json(r)::text as row from view_${view}_v1.rows r order by id, "validFrom"`);
}

async function query(text: string): Promise<unknown[]> {
  const client = new pg.Client(database.url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
