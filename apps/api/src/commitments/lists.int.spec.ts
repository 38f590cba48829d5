import { publicPart } from '#domain/commitment/state.ts';
import { randomHistory } from '#testing/histories.ts';
import { streams } from '#domain/streams.ts';
import { testLedger, type TestLedger } from '../ledger.fixture.ts';

const log = randomHistory(21, 900);
const HALF = 600;

let ledger: TestLedger;
let half: number;

beforeAll(async () => {
  ledger = await testLedger(log.slice(0, HALF));
  half = await ledger.store.head();
});

afterAll(() => ledger.stop());

test('pages that were begun hold on to their moment while the ledger goes on; every item comes once', async () => {
  for (const list of ['commitments', 'targets', 'progress-updates', 'obstacles', 'evidence']) {
    const whole = (await ledger.get(`${list}?limit=100&minPosition=${half}`)).body.items;
    const first = (await ledger.get(`${list}?limit=2&minPosition=${half}`)).body;
    pending.push({ list, whole, first });
  }
  await ledger.record(log.slice(HALF));
  const head = await ledger.store.head();
  for (const { list, whole, first } of pending) {
    const items = [...first.items];
    for (let cursor = first.next; cursor; ) {
      const { body } = await ledger.get(`${list}?limit=7&cursor=${cursor}&minPosition=${head}`);
      expect(body.position).toBe(half);
      items.push(...body.items);
      cursor = body.next;
    }
    expect(whole.length).toBeGreaterThan(2);
    expect(items.slice(0, 100)).toEqual(whole);
    expect(new Set(items.map((item) => item.id)).size).toBe(items.length);
  }
});

test('a list as of a position is had by the instant, and tells the position', async () => {
  const events = await ledger.store.readAll(0, 10_000);
  const instant = events[HALF - 1]!.recordedAt;
  const position = await ledger.store.positionAt(new Date(instant));
  const then = (await ledger.get(`commitments?asOf=${instant}&limit=100&sort=title`)).body;
  expect(then.position).toBe(position);
  expect(then.items.map((item: any) => item.id).sort()).toEqual(publicIds(position).sort());
  const now = (await ledger.get(`commitments?limit=100&sort=title&minPosition=${events.length}`)).body;
  expect(now.items.map((item: any) => item.id).sort()).toEqual(publicIds(events.length).slice(0, 100).sort());
});

test('targets are filtered by their own pace, over as many pages as it takes', async () => {
  const on = '2022-06-30';
  const all = await everyPage(`targets?on=${on}&limit=100`);
  const behind = all.filter((item) => ['behind', 'no-recent-report'].includes(item.pace.pace));
  expect(behind.length).toBeGreaterThan(2);
  expect(await everyPage(`targets?on=${on}&pace=behind,no-recent-report&limit=2`)).toEqual(behind);
});

test('a cursor belongs to its list and filters', async () => {
  const { next } = (await ledger.get('commitments?limit=1')).body;
  expect((await ledger.get(`commitments?limit=5&cursor=${next}`)).status).toBe(200);
  for (const path of [`commitments?limit=1&status=active&cursor=${next}`, `commitments?sort=title&cursor=${next}`, `targets?cursor=${next}`, 'commitments?cursor=x'])
    expect({ path, ...(await ledger.get(path)) }).toMatchObject({ path, status: 400, body: { code: 'REQUEST.CURSOR' } });
});

test('wrong parameters are told, all at once', async () => {
  const { status, body } = await ledger.get('commitments?limit=101&status=open,active&sdg=18&country=zambia&sort=size&overdue=yes&pace=slow&asOf=now&on=2022-13-01&actionLine=D1&updatedSince=1&kind=all');
  expect(status).toBe(400);
  expect(body.errors.map((error: any) => error.pointer).sort()).toEqual(
    ['/actionLine/0', '/asOf', '/country', '/kind/0', '/limit', '/on', '/overdue', '/pace/0', '/sdg', '/sort', '/status/0', '/updatedSince'],
  );
  expect((await ledger.get('commitments?status=open')).body.errors).toMatchObject([{ pointer: '/status/0', rule: 'enum', message: expect.stringContaining('active') }]);
  expect((await ledger.get('commitments?as=lead')).body.errors).toMatchObject([{ pointer: '/as' }]);
});

test('text that no row can hold is refused in filters and in cursors, and so are years that no instant has', async () => {
  for (const q of ['%00', 'a%07b', '%7F']) expect((await ledger.get(`targets?q=${q}`)).body).toMatchObject({ status: 400, errors: [{ pointer: '/q' }] });
  for (const asOf of ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-14:00'])
    for (const parameter of ['asOf', 'updatedSince']) expect((await ledger.get(`commitments?${parameter}=${asOf}`)).body).toMatchObject({ status: 400, errors: [{ pointer: `/${parameter}` }] });

  for (const list of ['commitments?sort=title', 'progress-updates?sort=-title', 'commitments?sort=updatedAt', 'agencies?', 'action-lines?']) {
    const { next } = (await ledger.get(`${list}&limit=1`)).body;
    const cursor = JSON.parse(Buffer.from(next, 'base64url').toString());
    const [value, key] = cursor.after;
    const changed = [[value, `${key}\u0000`], [value, `${key}\ud800`], ...(typeof value === 'string' ? [[`${value}\u0000`, key], [`\udc00${value}`, key]] : [])];
    for (const after of changed) {
      const forged = Buffer.from(JSON.stringify({ ...cursor, after })).toString('base64url');
      expect({ list, after, ...(await ledger.get(`${list}&limit=1&cursor=${forged}`)) }).toMatchObject({ status: 400, body: { code: 'REQUEST.CURSOR' } });
    }
  }
});

const pending: { list: string; whole: any[]; first: any }[] = [];

async function everyPage(path: string): Promise<any[]> {
  const items: any[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { body }: any = await ledger.get(cursor ? `${path}&cursor=${cursor}` : path);
    items.push(...body.items);
    cursor = body.next;
  }
  return items;
}

/** Commitments that were public at a position, as the domain folds them. */
function publicIds(position: number): string[] {
  const states = new Map<string, any>();
  for (const event of log.slice(0, position)) {
    if (!event.stream.startsWith('commitment-')) continue;
    states.set(event.stream, streams.commitment.evolve(states.get(event.stream) ?? streams.commitment.initial, event as never));
  }
  return [...states.values()].flatMap((state) => publicPart(state)?.id ?? []);
}
