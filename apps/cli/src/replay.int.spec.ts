import { publishProgress } from '#domain/commitment/publish-progress.ts';
import { submitProgress } from '#domain/commitment/submit-progress.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { by, logOf, the } from '#testing/given.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { everything, progress, targetApproved, undesa } from '#testing/scenes.ts';
import { fillLog } from './filled-log.fixture.ts';
import { run } from './terminal.fixture.ts';

const id = the('commitment');
const story = logOf([
  ...targetApproved,
  by(undesa.focalPoint, submitProgress, { id, content: progress() }),
  by(undesa.approver, publishProgress, { id, update: the('update'), version: 1 }),
]);
let database: TestDatabase;
let env: { DATABASE_URL: string };

beforeAll(async () => {
  database = await testDatabase();
  env = { DATABASE_URL: database.url };
  await run(['migrate'], env);
  await fillLog(database.url, story);
});

afterAll(() => database.drop());

test('prints who did what when, and the targets with their pace', async () => {
  const { exitCode, out, err } = await run(['replay', id, '--on', '2022-10-01'], env);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out).toContain(`commitment-${id} as of position ${story.length}: revision 7`);
  expect(out).toContain('E-Government Survey 2022\n  status    active\n  lead      UNDESA\n');
  expect(out).toContain(`Targets, on 2022-10-01
  LOSI.cities: 193 cities by 2022-12-31, from 100 on 2020-12-31 (version 1)
    pace: behind; actual 146 as of 2022-09-28; 75.6 % overall; 49.5 % from the baseline (p); 87.1 % of the time (e)
    p = (A - B) / (T - B)`);
  expect(out).toContain('survey-2022: The 12th edition is out, due 2022-09-30; not reached');
  const registered = positionOf('CommitmentRegistered');
  expect(out).toContain(`${registered}  2023-06-01  CommitmentRegistered by undesa-approver-1 (approver of UNDESA), recorded 20`);
});

test('pace is that of the date asked for', async () => {
  expect((await run(['replay', id, '--on', '2023-01-01'], env)).out).toContain('pace: missed;');
});

test('as of a position it shows what stood then, and nothing later', async () => {
  const { out } = await run(['replay', `commitment-${id}`, '--to', String(positionOf('CommitmentSubmitted'))], env);
  expect(out).toContain('status    submitted');
  expect(out).toContain('1  proposed, waits for approval');
  expect(out).not.toContain('Targets');
  expect(out).not.toContain('CommitmentRegistered');
});

test('as of an instant it shows what the log held by then', async () => {
  const whole = JSON.parse((await run(['replay', id, '--json'], env)).out);
  const submitted = whole.history[0];
  const then = JSON.parse((await run(['replay', id, '--json', '--to', submitted.recordedAt], env)).out);
  expect(then.to).toBe(whole.history.findLast(({ recordedAt }: RecordedEvent) => recordedAt <= submitted.recordedAt).position);
});

test('with --json it gives the state, the pace with its inputs, and the events', async () => {
  const { exitCode, out } = await run(['replay', id, '--on', '2022-10-01', '--json'], env);
  expect(exitCode).toBe(0);
  const { state, pace, history, ...rest } = JSON.parse(out);
  expect(rest).toEqual({
    stream: `commitment-${id}`, to: story.length, on: '2022-10-01', revision: 7, position: story.length, recordedAt: expect.stringMatching(/Z$/),
  });
  expect(state).toMatchObject({ id, status: 'active', lead: 'UNDESA' });
  expect(pace[the('target')]).toMatchObject({ pace: 'behind', overall: '75.6', fromBaseline: '49.5', baseline: { bound: '100' } });
  expect(history.map(({ type }: RecordedEvent) => type)).toEqual([
    'CommitmentSubmitted', 'CommitmentRegistered', 'CommitmentStarted', 'TargetProposed', 'TargetApproved', 'ProgressSubmitted', 'ProgressPublished',
  ]);
  expect(history[1]).toMatchObject({ actor: undesa.approver, occurredOn: '2023-06-01', data: { version: 1 } });
});

test.each([
  ['agency-UNDESA', 'en: Agency UNDESA', 'AgencyRegistered by administrator-1 (administrator of UNCTAD)'],
  ['actionLine-C7-eGov', 'matrixVersion: "2019"', 'FacilitatorAssigned'],
  ['indicator-LOSI.cities', 'unit: cities', 'IndicatorDefined'],
])('%s is replayed too', async (stream, fact, event) => {
  const { exitCode, out } = await run(['replay', stream], env);
  expect(exitCode).toBe(0);
  expect(out).toContain(fact);
  expect(out).toContain(event);
});

test('what is not there, or was not yet, is told', async () => {
  expect(await run(['replay', 'agency-WHO'], env)).toEqual({ exitCode: 1, out: '', err: 'error: there is no agency-WHO\n' });
  const { exitCode, err } = await run(['replay', id, '--to', '1'], env);
  expect(exitCode).toBe(1);
  expect(err).toContain(`commitment-${id} did not exist at position 1: it begins at ${positionOf('CommitmentSubmitted')}, recorded 20`);
});

test('at every position of a life in which everything happens there is a page', async () => {
  const other = await testDatabase();
  try {
    const life = logOf(everything);
    await run(['migrate'], { DATABASE_URL: other.url });
    await fillLog(other.url, life);
    for (const { stream, position } of life) {
      const { exitCode, out, err } = await run(['replay', stream, '--to', String(position)], { DATABASE_URL: other.url });
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
      expect(out).not.toMatch(/undefined|\[object/);
    }
  } finally {
    await other.drop();
  }
});

function positionOf(type: string): number {
  return story.find((event) => event.type === type)!.position;
}
