import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { topics } from '#contracts/published.ts';
import { viewId } from '#read-model/view.ts';
import { views } from '#read-model/views.ts';
import { KurrentDbDouble } from '#kurrentdb-double/kurrentdb-double.ts';
import { logOf } from '#testing/given.ts';
import { testKafka } from '#testing/kafka.ts';
import { asOwner, testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { active } from '#testing/scenes.ts';
import { fillLog, projectAll } from './filled-log.fixture.ts';
import { run } from './terminal.fixture.ts';

const life = logOf(active);
let database: TestDatabase;
let api: Server;
let env: Record<string, string>;
/** What the API says of its health. */
let health: { status: number; body: unknown };

beforeEach(async () => {
  database = await testDatabase();
  health = { status: 200, body: { status: 'ready', checks: { log: { ok: true, detail: 'answers' } } } };
  api = createServer((_, response) => void response.writeHead(health.status).end(JSON.stringify(health.body)));
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  env = { DATABASE_URL: database.url, API_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}` };
  await run(['migrate'], env);
  await fillLog(database.url, life);
  await projectAll(database.url);
});

afterEach(async () => {
  api.closeAllConnections();
  await new Promise((resolve) => api.close(resolve));
  await database.drop();
});

interface Check {
  name: string;
  ok: boolean;
  detail: string;
  todo?: string;
}

async function examined(more: Record<string, string> = {}): Promise<{ exitCode: number; well: boolean; checks: Check[] }> {
  const { exitCode, out } = await run(['doctor', '--json'], { ...env, ...more });
  return { exitCode, ...JSON.parse(out) };
}

test('all is well: everything is named, with how far it is, and nothing secret', async () => {
  const { exitCode, well, checks } = await examined();
  expect({ exitCode, well }).toEqual({ exitCode: 0, well: true });
  expect(checks.map(({ name }) => name)).toEqual(['log', ...views.map((view) => `view ${viewId(view)}`), 'Kafka', 'API']);
  expect(checks[0]).toMatchObject({ position: life.length, detail: expect.stringMatching(`^postgres(ql)?://127\\.0\\.0\\.1:\\d+/test_\\w+ \\(PostgreSQL \\d+(\\.\\d+)+, primary\\) ends at position ${life.length}, recorded `) });
  expect(checks[1]).toMatchObject({ position: life.length, lagEvents: 0, lagSeconds: 0 });

  const { out, exitCode: again } = await run(['doctor'], env);
  expect(again).toBe(0);
  expect(out).toMatch(/\nall is well\n$/);
  expect(out).toMatch(/^ok {4}API .*is ready; log: answers$/m);
  const { password } = new URL(database.url);
  expect(password).not.toBe('');
  expect(out).not.toContain(password);
});

test('a view that fails is told with its error, and what to do; the others are well', async () => {
  await query(`update read_model.checkpoints set error = 'no such line', "errorPosition" = 7, "errorStream" = 'commitment-1', "errorEventType" = 'CommitmentStarted', "failingSince" = now()
    where view = 'targets_v1'`);
  const { exitCode, checks } = await examined();
  expect(exitCode).toBe(1);
  expect(checks.filter(({ ok }) => !ok)).toEqual([expect.objectContaining({
    name: 'view targets_v1', detail: expect.stringMatching(/^fails since .* at position 7, CommitmentStarted in commitment-1: no such line$/), todo: expect.stringContaining('deploy a projector'),
  })]);
});

test('a view that stands still is told once an event has waited too long', async () => {
  await query(`update read_model.checkpoints set position = 3 where view = 'agencies_v1'`);
  const moment = await examined();
  expect(moment.exitCode).toBe(0);
  expect(moment.checks.find(({ name }) => name === 'view agencies_v1')).toMatchObject({ ok: true, position: 3, lagEvents: life.length - 3, detail: expect.stringContaining(`${life.length - 3} events behind`) });

  await query('alter table event_log.events disable trigger user');
  await query(`update event_log.events set recorded_at = recorded_at - interval '1 minute'`);
  const { exitCode, checks } = await examined();
  expect(exitCode).toBe(1);
  expect(checks.filter(({ ok }) => !ok)).toMatchObject([{ name: 'view agencies_v1', todo: expect.stringContaining('is the projector running?') }]);
});

test('a database that is not set up is told to be migrated', async () => {
  await query('drop schema read_model cascade');
  const { exitCode, checks } = await examined();
  expect(exitCode).toBe(1);
  expect(checks.filter(({ ok }) => !ok)).toMatchObject([{ name: 'views', todo: 'run `ledger migrate`' }]);
});

test('a log that does not answer is told with its cause, and nothing secret; what does not need it is looked at all the same', async () => {
  const { exitCode, checks } = await examined({ EVENT_STORE_URL: 'postgres://writer:s3cret@127.0.0.1:1/log' });
  expect(exitCode).toBe(1);
  expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['log', 'views']);
  expect(checks[0]).toMatchObject({ detail: expect.stringMatching(/^the event log can't be reached\n {2}because: .*ECONNREFUSED/), todo: expect.stringContaining('EVENT_STORE_URL') });
  expect(JSON.stringify(checks)).not.toContain('s3cret');
});

describe('with the log in KurrentDB', () => {
  test('all is well: its server is named, and how far everything is in events', async () => {
    const double = await KurrentDbDouble.start();
    await query('drop schema read_model cascade; drop schema event_log cascade');
    const other = { EVENT_STORE_URL: `${double.url}&log=archive` };
    await query(`do $$ declare name text; begin for name in select nspname from pg_namespace where nspname like 'view\_%' loop execute format('drop schema %I cascade', name); end loop; end $$`);
    await run(['migrate'], { ...env, ...other });
    await fillLog(other.EVENT_STORE_URL, life.slice(0, -3));
    await projectAll(database.url, other.EVENT_STORE_URL);
    const { exitCode, checks } = await examined(other);
    expect(exitCode).toBe(0);
    const place = `kurrentdb://127.0.0.1:${double.port}, log archive (KurrentDB 26.0.0, leader)`;
    expect(checks[0]).toMatchObject({ detail: expect.stringContaining(`${place} ends at position `) });
    await fillLog(other.EVENT_STORE_URL, life.slice(-3));
    expect((await examined(other)).checks[1]).toMatchObject({ ok: true, lagEvents: 3, detail: expect.stringContaining(', 3 events behind the log') });
    await double.stop();
  }, 60_000);

  test('one that refuses who asks, or is away, is told with its cause, and nothing secret', async () => {
    const double = await KurrentDbDouble.start({ credentials: { user: 'admin', password: 's3cret' } });
    const told = async (url: string) => (await examined({ EVENT_STORE_URL: url })).checks.find(({ name }) => name === 'log')!;
    expect(await told(`kurrentdb://127.0.0.1:${double.port}?tls=false`)).toMatchObject({ ok: false, detail: expect.stringContaining('the event log refused the user') });
    await double.stop();
    expect(await told(`kurrentdb://admin:s3cret@127.0.0.1:${double.port}?tls=false`)).toMatchObject({ ok: false, detail: expect.stringContaining("the event log can't be reached"), todo: expect.stringContaining('EVENT_STORE_URL') });
    for (const wrong of ['nodePreference=nobody', 'tls=perhaps', 'log=A!']) {
      const { exitCode, out, err } = await run(['doctor'], { ...env, EVENT_STORE_URL: `kurrentdb://admin:s3cret@127.0.0.1:${double.port}?${wrong}` });
      expect({ wrong, exitCode }).toEqual({ wrong, exitCode: 1 });
      expect(out + err).not.toContain('s3cret');
    }
  }, 60_000);
});

test('an API that is not ready, is away, or is something else, is told', async () => {
  health = { status: 503, body: { status: 'not ready', checks: { views: { ok: false, detail: 'far behind' } } } };
  expect((await examined()).checks.at(-1)).toMatchObject({ name: 'API', ok: false, detail: expect.stringContaining('not well: views: far behind') });
  health = { status: 200, body: 'hello' };
  expect((await examined()).checks.at(-1)).toMatchObject({ name: 'API', ok: false, detail: expect.stringContaining('is no app of the ledger') });
  const away = await examined({ API_URL: 'http://127.0.0.1:1' });
  expect(away.checks.at(-1)).toMatchObject({ name: 'API', ok: false, todo: expect.stringContaining('http://127.0.0.1:1') });
  expect(away.exitCode).toBe(1);
});

test('with a broker, its topics and the publisher are looked at too', async () => {
  const { brokers } = await testKafka();
  const more = { KAFKA_BROKERS: brokers.join(','), PUBLISHER_URL: env['API_URL']! };
  await query(`insert into publisher.progress (position) values (${life.length - 2})`);
  const { checks } = await examined(more);
  expect(checks.map(({ name }) => name).slice(-4)).toEqual(['Kafka', 'publisher', 'API', 'publisher app']);
  expect(checks.find(({ name }) => name === 'publisher')).toMatchObject({ ok: true, position: life.length - 2, lagEvents: 2 });
  await query(`update publisher.progress set position = ${life.length + 1}`);
  expect((await examined(more)).checks.find(({ name }) => name === 'publisher')).toMatchObject({ ok: false, detail: expect.stringContaining('it has lost its end'), todo: expect.stringContaining('resume-above') });
  await query(`update publisher.progress set position = ${life.length}`);
  await query(`alter table event_log.events disable trigger user; update event_log.events set type = 'FromTheFuture' where position = ${life.length}`);
  await query(`update publisher.progress set position = ${life.length - 1}`);
  expect((await examined(more)).checks.find(({ name }) => name === 'publisher')).toMatchObject({
    ok: false, detail: expect.stringMatching(`\\(FromTheFuture in ${life.at(-1)!.stream}\\) at position ${life.length} can't be published: this program does not know`), todo: expect.stringContaining('deploy a publisher'),
  });
  await query(`update event_log.events set type = '${life.at(-1)!.type}' where position = ${life.length}`);
  await query(`update publisher.progress set position = ${life.length}`);
  // Other tests share the broker: the topics may or may not be there.
  const kafka = checks.find(({ name }) => name === 'Kafka')!;
  expect(kafka.detail).toMatch(new RegExp(`has the ${topics.length} topics|lacks wsis\\.`));

  const away = await examined({ ...more, KAFKA_BROKERS: '127.0.0.1:1' });
  expect(away.checks.filter(({ ok }) => !ok)).toMatchObject([{ name: 'Kafka', todo: expect.stringContaining('start the broker') }]);
}, 150_000);

async function query(text: string): Promise<void> {
  await asOwner(database.url, (client) => client.query(text));
}
