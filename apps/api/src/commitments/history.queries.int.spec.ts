import { eventType } from '#domain/events.ts';
import { logOf, the } from '#testing/given.ts';
import { everything } from '#testing/scenes.ts';
import { testLedger, type Caller, type TestLedger } from '../ledger.fixture.ts';

const log = logOf(everything);
const history = `commitments/${the('commitment')}/history`;
const own = log.filter(({ stream }) => stream === `commitment-${the('commitment')}`);
const asReviewer: Caller = ['reviewer', 'WHO'];

let ledger: TestLedger;

beforeAll(async () => {
  ledger = await testLedger(log);
});

afterAll(() => ledger.stop());

test('reviewers read all of it, everyone what is public, with gaps between the revisions', async () => {
  const all = (await ledger.get(history, asReviewer)).body;
  expect(all.items.map((item: any) => [item.revision, item.type])).toEqual(own.map(({ revision, type }) => [revision, type]));
  const seen = (await ledger.get(history)).body;
  const ofPublic = own.filter(({ type }) => eventType(type)!.public);
  expect(seen.items.map((item: any) => [item.revision, item.type])).toEqual(ofPublic.map(({ revision, type }) => [revision, type]));
  expect(ofPublic.length).toBeLessThan(own.length);
});

test('an item says what, when, who and why', async () => {
  const { items } = (await ledger.get(history)).body;
  const stored = await ledger.store.readStream(`commitment-${the('commitment')}`);
  const retracted = stored.find(({ type }) => type === 'ProgressRetracted')!;
  expect(items.find((item: any) => item.type === 'ProgressRetracted')).toEqual({
    position: retracted.position,
    revision: retracted.revision,
    type: 'ProgressRetracted',
    recordedAt: retracted.recordedAt,
    occurredOn: '2023-06-01',
    actor: { id: 'undesa-approver-1', agency: 'UNDESA', role: 'approver' },
    subjectId: the('update', 2),
    summary: 'Progress update for 2021-01-01 to 2022-09-30 retracted, by UNDESA: It was held by others',
    changes: [
      { field: '/status', from: 'published', to: 'retracted' },
      { field: '/remark', from: null, to: { text: 'It was held by others', language: 'en' } },
    ],
    reason: { text: 'It was held by others', language: 'en' },
    transcribedFrom: null,
  });
  // What everyone sees of a change never tells what was only proposed.
  const amended = items.find((item: any) => item.type === 'CommitmentAmended');
  expect(amended).toMatchObject({ reason: { text: 'More time' }, changes: [{ field: '/content/dueOn', from: '2022-12-31', to: '2023-12-31' }] });
});

test.each([['everyone', undefined], ['reviewers', asReviewer]] as const)('pages for %s come in order, each item once', async (_, caller) => {
  const whole = (await ledger.get(history, caller)).body.items;
  const items: unknown[] = [];
  let after: number | null = 0;
  while (after !== null) {
    const page: any = (await ledger.get(`${history}?limit=4&after=${after}`, caller)).body;
    expect(page.items.length).toBeLessThanOrEqual(4);
    items.push(...page.items);
    after = page.next;
  }
  expect(items).toEqual(whole);
});
