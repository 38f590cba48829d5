import { resolveObstacle } from '#domain/commitment/resolve-obstacle.ts';
import { readCheckpoints } from '#read-model/checkpoints.ts';
import { parkEvent } from '#read-model/parked-events.ts';
import { viewId } from '#read-model/view.ts';
import { commitments } from '#read-model/views/commitments.ts';
import { obstacles } from '#read-model/views/obstacles.ts';
import { by, logOf, the } from '#testing/given.ts';
import { obstacleReported, text, undesa } from '#testing/scenes.ts';
import { until } from '#testing/until.ts';
import { testLedger, type Answer, type TestLedger } from '../ledger.fixture.ts';

const life = logOf([...obstacleReported, by(undesa.focalPoint, resolveObstacle, { id: the('commitment'), obstacle: the('obstacle'), resolution: text('Funds came') })]);
const [reported, resolved] = [life.at(-2)!, life.at(-1)!];
/** The obstacle is resolved and was never reported: the view of obstacles can't fold that, and no other view cares. */
const poisoned = [...life.slice(0, -2), { ...resolved, revision: reported.revision, position: reported.position }];
const poison = reported.position;
let ledger: TestLedger;

beforeAll(async () => {
  ledger = await testLedger(poisoned);
});

afterAll(() => ledger.stop());

test('a view stands before an event that it cannot fold while others go on; parked, every answer of that view says so', async () => {
  await until(async () => (await standingOf())!.error !== null);
  expect(await standingOf()).toMatchObject({ position: poison - 1, errorPosition: poison, errorStream: resolved.stream, errorEventType: 'ObstacleResolved', error: expect.stringContaining('not there') });
  const detail = `obstacles_v1 fails at ${poison} (ObstacleResolved in ${resolved.stream}): ObstacleResolved at position ${poison} is about a row that is not there`;
  expect((await health()).checks.views.detail).toContain(detail);
  expect(await metrics()).toContain(`ledger_view_failing_event{view="obstacles_v1",position="${poison}",stream="${resolved.stream}",event_type="ObstacleResolved",error="`);
  expect(parkedIn(await ledger.get(`commitments?minPosition=${poison}`))).toBeNull();
  expect(parkedIn(await ledger.get('obstacles'))).toBeNull();
  // What the view stands before is not in its answers, and nobody is told that it were.
  expect((await ledger.get(`obstacles?minPosition=${poison}`)).body.code).toBe('QUERY.NOT_YET');

  await parkEvent({ store: ledger.store, pool: ledger.pool, view: obstacles, position: poison, reason: 'Its report was lost', actor: { id: 'operator-7', agency: 'ITU' } });
  const answer = await ledger.get(`obstacles?minPosition=${poison}`);
  expect(answer).toMatchObject({ status: 200, body: { items: [], position: poison } });
  expect(parkedIn(answer)).toBe(`obstacles_v1@${poison}`);
  expect(parkedIn(await ledger.get(`obstacles?asOf=2020-01-01`))).toBe(`obstacles_v1@${poison}`);
  expect(parkedIn(await ledger.get('commitments'))).toBeNull();
  expect((await health()).checks.views).toEqual({ ok: true, detail: 'up to date; obstacles_v1 has 1 parked' });
  expect(await metrics()).toContain('ledger_view_parked_events{view="obstacles_v1"} 1');
});

test('at most ten are told, and how many more; the document tells the header', async () => {
  await ledger.pool.query(`
    insert into read_model.parked_events
    select '${viewId(commitments)}', n, 'commitment-1', 'id', 'CommitmentStarted', 'why', 'reason', 'operator-7', 'ITU', now() from generate_series(21, 32) n`);
  const told = Array.from({ length: 10 }, (_, n) => `commitments_v1@${21 + n}`).join(', ');
  expect(parkedIn(await ledger.get('commitments'))).toBe(`${told}, and 2 more`);
  const document: any = await (await fetch(`${ledger.url}/openapi.json`)).json();
  expect(document.paths['/v1/commitments'].get.responses['200'].headers['Ledger-Parked'].schema.type).toBe('string');
});

test('a record with an event whose data does not fit its schema is not read, and the feed stands before it', async () => {
  const [first] = life as [(typeof life)[number]];
  expect(first.type).toBe('AgencyRegistered');
  const end = await ledger.store.head();
  await ledger.store.append('agency-NEW', 0, [{ ...first, id: the('agency'), data: { code: 'NEW' } }]);
  expect(await ledger.get('agencies/NEW')).toMatchObject({ status: 503, body: { code: 'EVENT.MISFIT' } });
  const page = await ledger.get('feed?limit=1000');
  expect({ status: page.status, next: page.body.next }).toEqual({ status: 200, next: end });
  expect(await ledger.get(`feed?after=${end}`)).toMatchObject({ status: 503, body: { code: 'EVENT.MISFIT', detail: `the event at ${end + 1} can not be read` } });
});

async function standingOf() {
  return (await readCheckpoints(ledger.pool, [obstacles]))[0];
}

async function health(): Promise<any> {
  return (await fetch(`${ledger.url}/health/ready`)).json();
}

async function metrics(): Promise<string> {
  return (await fetch(`${ledger.url}/metrics`)).text();
}

function parkedIn({ headers }: Answer): string | null {
  return headers.get('ledger-parked');
}
