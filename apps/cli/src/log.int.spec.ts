import { openEventStore } from '#event-store/open-event-store.ts';
import { EventMetadata } from '#domain/event.ts';
import { viewId } from '#read-model/view.ts';
import { views } from '#read-model/views.ts';
import { logOf } from '#testing/given.ts';
import { loseEnd } from '#testing/lose-end.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { active } from '#testing/scenes.ts';
import { fillLog, projectAll } from './filled-log.fixture.ts';
import { run } from './terminal.fixture.ts';

const life = logOf(active);
const lost = life.slice(-3);
const left = life.length - lost.length;
const namesOfViews = views.map((view) => `view ${viewId(view)}`);
let database: TestDatabase;
let env: Record<string, string>;

beforeEach(async () => {
  database = await testDatabase();
  env = { DATABASE_URL: database.url };
  await run(['migrate'], env);
  await fillLog(database.url, life);
  await projectAll(database.url);
  await loseEnd(database.url, left);
});

afterEach(() => database.drop());

async function unwell(): Promise<{ name: string; todo: string }[]> {
  const { checks } = JSON.parse((await run(['doctor', '--json'], env)).out);
  return checks.filter(({ name, ok }: { name: string; ok: boolean }) => !ok && name !== 'API');
}

test('a log that has lost its end goes on above it; doctor names the views to rebuild, and then all is well', async () => {
  expect((await unwell()).map(({ name }) => name)).toEqual(namesOfViews);
  const { exitCode, out } = await run(['log', 'resume-above', '1000'], env);
  expect(exitCode).toBe(0);
  expect(out).toMatch(new RegExp(`^positions ${left + 1} to 1000 are void; the log goes on above 1001\n`));
  for (const step of ['ledger rebuild', 'start API, projector and publisher', '/v1/feed/summary']) expect(out).toContain(step);

  const after = await unwell();
  expect(after.map(({ name }) => name)).toEqual(namesOfViews);
  expect(after[0]!.todo).toContain('`ledger rebuild commitments`');
  await expect(projectAll(database.url)).rejects.toThrow('rebuild the view');
  expect((await run(['rebuild'], env)).exitCode).toBe(0);
  await fillLog(database.url, lost);
  await projectAll(database.url);
  expect(await unwell()).toEqual([]);

  const store = await openEventStore(database.url);
  const events = await store.readAll(left, 10);
  expect(events.map(({ position, type }) => [position, type])).toEqual([[1001, 'LogRestored'], ...lost.map(({ type }, n) => [1002 + n, type])]);
  expect(EventMetadata.parse(events[0]!.metadata).actor).toEqual({ id: 'UNCTAD-administrator', agency: 'UNCTAD', role: 'administrator' });
  await store.close();
}, 60_000);

test('what the log still has is not declared void', async () => {
  const { exitCode, err } = await run(['log', 'resume-above', String(left)], env);
  expect(exitCode).toBe(1);
  expect(err).toContain(`the log ends at position ${left}, so nothing up to ${left} is void`);
});

test('a log that is not in PostgreSQL is not repaired so', async () => {
  const { exitCode, err } = await run(['log', 'resume-above', '1000'], { ...env, EVENT_STORE_URL: 'kurrentdb://admin:s3cret@127.0.0.1:2113' });
  expect(exitCode).toBe(1);
  expect(err).toContain('KurrentDB gives positions by itself');
  expect(err).not.toContain('s3cret');
});

test('with --json it answers positions and what to do', async () => {
  const { out } = await run(['log', 'resume-above', '500', '--json', '--id', 'operator-7', '--agency', 'ITU'], env);
  expect(JSON.parse(out)).toEqual({ voidFrom: left + 1, voidTo: 500, position: 501, next: expect.any(Array) });
});
