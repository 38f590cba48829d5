import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { APPEND_LOCK } from '#event-store/postgres/sql/append-batch.sql.ts';
import { asOwner, testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { logOf } from '#testing/given.ts';
import { active } from '#testing/scenes.ts';
import { until } from '#testing/until.ts';
import { fillLog } from './filled-log.fixture.ts';
import { run } from './terminal.fixture.ts';

const life = logOf(active);
let from: TestDatabase;
let to: TestDatabase;

beforeEach(async () => {
  [from, to] = await Promise.all([testDatabase(), testDatabase()]);
  await run(['migrate'], { DATABASE_URL: from.url });
  await fillLog(from.url, life);
});

afterEach(() => Promise.all([from.drop(), to.drop()]));

test('copies the log into an empty database, compares the two, and can be repeated', async () => {
  const first = await run(['copy', '--from', from.url, '--to', to.url]);
  expect(first).toEqual({ exitCode: 0, err: '', out: expect.stringMatching(
    new RegExp(`^copied ${life.length} events in \\d+ ms\nverified ${life.length} events in \\d+ ms: the same in both\nsha256 of these ${life.length}: [0-9a-f]{64}\npositions are the same too: .*\n$`)) });
  const [source, target] = await Promise.all([openEventStore(from.url), openEventStore(to.url)]);
  expect(await target.readAll(0, 100)).toEqual(await source.readAll(0, 100));
  await Promise.all([source.close(), target.close()]);

  const again = await run(['copy', '--to', to.url, '--json'], { DATABASE_URL: from.url });
  expect(JSON.parse(again.out)).toEqual({
    copied: { events: 0, position: life.length, sourceGrew: false, milliseconds: expect.any(Number) },
    verified: { same: true, samePositions: true, events: life.length, sha256: /[0-9a-f]{64}/.exec(first.out)![0], milliseconds: expect.any(Number) },
  });
});

test('with --verify-only it changes nothing, and names the first difference', async () => {
  await run(['copy', '--from', from.url, '--to', to.url]);
  await asOwner(to.url, (client) => client.query(`begin; alter table event_log.events disable trigger all;
    update event_log.events set data = '{"secret":"changed"}' where position = 3; delete from event_log.events where position = ${life.length}; commit`));
  const { exitCode, out } = await run(['copy', '--from', from.url, '--to', to.url, '--verify-only']);
  expect(exitCode).toBe(1);
  expect(out).toMatch(/^the first 2 events are the same in both; then data differ: the source has \w+ \S+, revision \d+ of \S+, at position 3, the target \w+ /);
  const json = await run(['copy', '--from', from.url, '--to', to.url, '--verify-only', '--json']);
  const event = { position: 3, stream: life[2]!.stream, revision: life[2]!.revision, id: life[2]!.id, type: life[2]!.type };
  expect({ exitCode: json.exitCode, ...JSON.parse(json.out) }).toEqual({ exitCode: 1, verified: {
    same: false, samePositions: true, events: 2, sha256: expect.any(String), milliseconds: expect.any(Number), difference: { fields: ['data'], source: event, target: event } } });
  expect(json.out).not.toContain('changed');
});

test('with --verify-only it says that the target has not been copied to the end', async () => {
  await run(['copy', '--from', from.url, '--to', to.url]);
  await fillLog(from.url, [{ ...life[0]!, id: '0e7c1d5a-6f0f-5a55-8b0e-0d4f6a5f5a10', stream: 'agency-X', revision: 1 }]);
  const { exitCode, out } = await run(['copy', '--from', from.url, '--to', to.url, '--verify-only']);
  expect(exitCode).toBe(1);
  expect(out).toContain(`the first ${life.length} events are the same in both; then the target ends, and the source goes on with`);
});

test('stopped, it says so, and goes on when it is called again', async () => {
  const args = ['copy', '--from', from.url, '--to', to.url];
  expect(await run(args, {}, AbortSignal.abort())).toEqual({ exitCode: 130, out: '', err: 'stopped\n' });
  expect(await run(args)).toMatchObject({ exitCode: 0, out: expect.stringContaining('the same in both') });
});

test('killed in the middle, it goes on when it is called again', async () => {
  const source = await openEventStore(from.url);
  for (let n = 0; n < 100; n += 1) await source.append('agency-LARGE', n * 100, Array.from({ length: 100 }, () => ({ ...life[0]!, id: randomUUID() })));
  await source.close();
  await migrateEventLog(to.url);

  const root = new URL('../../../', import.meta.url);
  const args = ['copy', '--from', from.url, '--to', to.url];
  const program = spawn(process.execPath, ['--import', './test/typescript.mjs', 'apps/cli/src/main.ts', ...args], { cwd: root, stdio: 'ignore' });
  const ended = once(program, 'exit');
  await asOwner(to.url, async (client) => {
    const head = async () => Number((await client.query('select count(*) from event_log.events')).rows[0].count);
    await until(async () => (await head()) > 0, { intervalMs: 5 });
    // From here on it waits for the lock, and so is killed in the middle of a page.
    await client.query('select pg_advisory_lock($1)', [APPEND_LOCK]);
    program.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(await head()).toBeLessThan(10_000);
  });
  expect(await run(args)).toMatchObject({ exitCode: 0, out: expect.stringContaining(`verified ${life.length + 10_000} events`) });
}, 60_000);

test('refuses a target that holds another log', async () => {
  await run(['migrate'], { DATABASE_URL: to.url });
  await fillLog(to.url, [{ ...life[0]!, id: '0e7c1d5a-6f0f-5a55-8b0e-0d4f6a5f5a10' }]);
  const { exitCode, out, err } = await run(['copy', '--from', from.url, '--to', to.url]);
  expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
  expect(err).toContain('error: the target holds another log: it ends at position 1 with revision 1 of');
});

test.each([
  [['--to', 'mysql://root:secret@127.0.0.1/log'], 2, 'error: --to must be a URL that starts with'],
  [['--from', 'here', '--to', 'postgres://127.0.0.1:1/log'], 2, 'error: --from must be a URL that starts with'],
  [['--from', 'postgres://127.0.0.1:1/log', '--to', 'postgres://127.0.0.1:1/log'], 2, 'error: --from and --to name the same log'],
  [['--from', 'postgres://someone:secret@127.0.0.1:1/log', '--to', 'postgres://127.0.0.1:1/another'], 4, 'ECONNREFUSED'],
  [['--to', 'postgres://someone:secret@127.0.0.1:1/log'], 4, 'ECONNREFUSED'],
])('copy %j ends with %i and says why, without a password', async (args, exitCode, message) => {
  const ran = await run(['copy', ...args], { DATABASE_URL: from.url });
  expect({ exitCode: ran.exitCode, out: ran.out }).toEqual({ exitCode, out: '' });
  expect(ran.err).toContain(message);
  expect(ran.err).not.toContain('secret');
});
