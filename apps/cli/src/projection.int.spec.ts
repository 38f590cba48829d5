import { resolveObstacle } from '#domain/commitment/resolve-obstacle.ts';
import { by, logOf, the } from '#testing/given.ts';
import { asOwner, testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { obstacleReported, text, undesa } from '#testing/scenes.ts';
import { fillLog, project } from './filled-log.fixture.ts';
import { run } from './terminal.fixture.ts';

const life = logOf([...obstacleReported, by(undesa.focalPoint, resolveObstacle, { id: the('commitment'), obstacle: the('obstacle'), resolution: text('Funds came') })]);
const [reported, resolved] = [life.at(-2)!, life.at(-1)!];
/** The obstacle is resolved and was never reported: the view of obstacles can't fold that, and no other view cares. */
const poison = { ...resolved, revision: reported.revision, position: reported.position };
const why = `ObstacleResolved at position ${poison.position} is about a row that is not there`;
let database: TestDatabase;
let env: Record<string, string>;

beforeEach(async () => {
  database = await testDatabase();
  env = { DATABASE_URL: database.url };
  await run(['migrate'], env);
  await fillLog(database.url, [...life.slice(0, -2), poison]);
  await project(database.url, (lags) => lags.every(({ lagEvents, error }) => lagEvents === 0 || error !== null));
});

afterEach(() => database.drop());

const projection = (...args: string[]) => run(['projection', ...args], env);

async function told(name = 'obstacles_v1') {
  const { views } = JSON.parse((await projection('list', '--json')).out);
  return views.find(({ view }: { view: string }) => view === name);
}

test('list says how far each view is, at what event one fails, and what was parked', async () => {
  const { out, exitCode } = await projection('list');
  expect(exitCode).toBe(0);
  expect(out).toMatch(new RegExp(`^commitments_v1 +at ${poison.position}, the end of the log$`, 'm'));
  expect(out).toMatch(new RegExp(`^obstacles_v1 +at ${poison.position - 1}, 1 event behind, for .* s\n {6}fails at ${poison.position}, ObstacleResolved in ${poison.stream}, since .*: ${why}$`, 'm'));
  expect((await projection('park', 'obstacles', String(poison.position), '--reason', 'Its report was lost', '--id', 'operator-7', '--agency', 'ITU')).exitCode).toBe(0);
  expect((await projection('list')).out).toMatch(
    new RegExp(`^obstacles_v1 +at ${poison.position}, the end of the log\n {6}parked ${poison.position}, ObstacleResolved in ${poison.stream} \\(${why}\\), by operator-7 of ITU at .*: Its report was lost$`, 'm'),
  );
});

test('retry says that the view still fails, and after a mend that it goes on', async () => {
  const failing = await projection('retry', 'obstacles');
  expect(failing).toMatchObject({ exitCode: 1, err: '' });
  expect(failing.out).toMatch(new RegExp(`^obstacles_v1 fails at ${poison.position}, ObstacleResolved in .*: ${why}\n$`));

  await query(`alter table event_log.events disable trigger user`);
  await query(`update event_log.events set type = 'ObstacleReported', data = '${JSON.stringify(reported.data)}' where position = ${poison.position}`);
  expect(await projection('retry', 'obstacles')).toMatchObject({ exitCode: 0, out: `obstacles_v1 goes on; it stands at ${poison.position}, the end of the log\n` });
  expect(await projection('retry', 'obstacles_v1')).toMatchObject({ exitCode: 0, out: `obstacles_v1 did not fail; it stands at ${poison.position}, the end of the log\n` });
  expect(await told()).toMatchObject({ position: poison.position, error: null, parked: [], lagEvents: 0 });
});

test('park steps over the event, doctor warns of it, and a rebuild that can fold the event is the way back', async () => {
  const parked = JSON.parse((await projection('park', 'obstacles', String(poison.position), '--reason', 'Its report was lost', '--json')).out);
  expect(parked).toEqual({
    view: 'obstacles_v1', position: poison.position, stream: poison.stream, eventId: poison.id, eventType: 'ObstacleResolved', error: why,
    reason: 'Its report was lost', actorId: 'UNCTAD-administrator', actorAgency: 'UNCTAD', parkedAt: expect.any(String),
  });
  expect(await told()).toMatchObject({ position: poison.position, error: null, parkedEvents: 1, parked: [parked] });
  const warned = (await run(['doctor'], { ...env, API_URL: 'http://127.0.0.1:1' })).out;
  expect(warned).toMatch(/^warn {2}view obstacles_v1 +at .*; events that were parked, and that its answers lack: 1\n {6}-> .*`ledger rebuild obstacles`/m);

  const refused = await run(['rebuild', 'obstacles'], env);
  expect(refused).toMatchObject({ exitCode: 1, out: `obstacles_v1 failed: ${why}\n` });
  expect(await told()).toMatchObject({ parkedEvents: 1 });
  await query(`alter table event_log.events disable trigger user`);
  await query(`update event_log.events set type = 'ObstacleReported', data = '${JSON.stringify(reported.data)}' where position = ${poison.position}`);
  expect((await run(['rebuild', 'obstacles'], env)).exitCode).toBe(0);
  expect(await told()).toMatchObject({ position: poison.position, parkedEvents: 0, parked: [] });
});

test.each([
  ['another position', ['obstacles', '1', '--reason', 'x'], 1, `obstacles_v1 fails at ${poison.position}, not at 1`],
  ['a view that does not fail', ['commitments', String(poison.position), '--reason', 'x'], 1, 'commitments_v1 does not fail'],
  ['no reason', ['obstacles', String(poison.position)], 2, '--reason'],
  ['an empty reason', ['obstacles', String(poison.position), '--reason', ' '], 2, '--reason: must not be blank'],
  ['a reason with an address', ['obstacles', String(poison.position), '--reason', 'ask a.b@example.org'], 2, 'e-mail'],
  ['a position that is none', ['obstacles', '-1.5', '--reason', 'x'], 2, 'whole number'],
  ['a view that is none', ['obstacle', '1', '--reason', 'x'], 2, 'there is no view obstacle'],
  ['a person for an id', ['obstacles', String(poison.position), '--reason', 'x', '--agency', 'not an agency'], 2, '--agency'],
])('park refuses %s, and changes nothing', async (_, args, exitCode, message) => {
  const refused = await projection('park', ...args);
  expect({ exitCode: refused.exitCode, out: refused.out }).toEqual({ exitCode, out: '' });
  expect(refused.err).toContain(message);
  expect(await told()).toMatchObject({ position: poison.position - 1, errorPosition: poison.position, parkedEvents: 0 });
});

async function query(statement: string): Promise<void> {
  await asOwner(database.url, (client) => client.query(statement));
}
