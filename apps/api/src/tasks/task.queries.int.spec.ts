import type { RecordedEvent } from '#domain/event.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import { by, logOf } from '#testing/given.ts';
import { amendmentProposed, catalogue, claimed, content, correctionSubmitted, findingAnswered, findingRaised, progressDisputed, returned, secretariat, submitted, targetProposed } from '#testing/scenes.ts';
import { routesOf } from '#platform/routes.ts';
import { testLedger, type Caller, type TestLedger } from '../ledger.fixture.ts';

const transcribedFrom = { document: 'S1', place: 'page 1' };
const transcribed = [...catalogue, by(secretariat, submitCommitment, { lead: 'UNDP', content: content() }, { transcribedFrom })];
const scenes = { submitted, returned, amendmentProposed, targetProposed, correctionSubmitted, findingRaised, findingAnswered, claimed, progressDisputed, transcribed };
const approver: Caller = ['approver', 'UNDESA', 'somebody-else'];
const reviewer: Caller = ['reviewer', 'WHO'];

let ledger: TestLedger;

beforeAll(async () => {
  ledger = await testLedger();
  let nth = 0;
  for (const scene of Object.values(scenes)) await ledger.record(apart(logOf(scene), ++nth));
});

afterAll(() => ledger.stop());

test('an approver has versions and findings, a focal point what came back, a reviewer claims, disputes and answers', async () => {
  const kinds = async (caller: Caller) => (await ledger.get(`tasks?minPosition=${await ledger.store.head()}&limit=100`, caller)).body.items.map((item: any) => `${item.kind} ${item.status}`);
  expect(await kinds(approver)).toEqual(['commitment proposed', 'amendment proposed', 'target proposed', 'progress-update proposed', 'finding raised']);
  expect(await kinds(['focal-point', 'UNDESA'])).toEqual(['commitment proposed', 'commitment returned']);
  expect(await kinds(reviewer)).toEqual(['finding answered', 'completion claimed', 'dispute disputed']);
  expect(await kinds(['secretariat', 'UNCTAD'])).toEqual(['finding raised', 'commitment proposed']);
  for (const caller of [['approver', 'ITU'], ['reviewer', 'UNDESA'], ['administrator', 'UNDESA'], ['approver', 'UNDESA', 'undesa-focal-point-1']] as Caller[])
    expect((await kinds(caller)).filter((kind: string) => kind !== 'finding raised')).toEqual([]);
});

test('of a draft is said what the caller may do: decide on another\'s, discard one\'s own', async () => {
  const doable = async (caller: Caller) =>
    (await ledger.get('tasks?limit=100', caller)).body.items.filter(({ kind, status }: any) => kind === 'commitment' && status === 'proposed').map(({ actions }: any) => actions.map(({ command }: any) => command));
  expect(await doable(approver)).toEqual([['RegisterCommitment', 'ReturnCommitment']]);
  expect(await doable(['focal-point', 'UNDESA'])).toEqual([['DiscardCommitment']]);
  expect(await doable(['secretariat', 'UNCTAD', 'secretariat-1'])).toEqual([['DiscardCommitment']]);
  expect(await doable(['secretariat', 'UNCTAD', 'secretariat-2'])).toEqual([['RegisterCommitment', 'ReturnCommitment']]);
});

test('each can be read where it says, and what may be done is there to be posted', async () => {
  const posts = routesOf(ledger.api).filter(({ method }) => method === 'POST').map(({ path }) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`));
  let actions = 0;
  for (const caller of [approver, reviewer, ['focal-point', 'UNDESA'], ['secretariat', 'UNCTAD']] as Caller[]) {
    const { items } = (await ledger.get('tasks?limit=100', caller)).body;
    for (const item of items) {
      expect({ href: item.href, status: (await ledger.get(item.href.replace('/v1/', ''), caller)).status }).toEqual({ href: item.href, status: 200 });
      for (const { href } of item.actions) expect(posts.filter((path) => path.test(href))).toHaveLength(1);
      actions += item.actions.length;
    }
  }
  expect(actions).toBeGreaterThan(15);
});

test('pages come once each, the longest waiting first, and a cursor is its caller\'s', async () => {
  const whole = (await ledger.get('tasks?limit=100', approver)).body.items;
  const items: any[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { body }: any = await ledger.get(`tasks?limit=2${cursor && `&cursor=${cursor}`}`, approver);
    items.push(...body.items);
    cursor = body.next;
  }
  expect(items).toEqual(whole);
  expect(items.map((item) => item.since)).toEqual(items.map((item) => item.since).sort());
  const { next } = (await ledger.get('tasks?limit=2', approver)).body;
  expect((await ledger.get(`tasks?limit=2&cursor=${next}`, reviewer)).body.code).toBe('REQUEST.CURSOR');
});

/** The commitment of a scene with ids of its own, without the catalogue that all scenes share. */
function apart(log: RecordedEvent[], nth: number): RecordedEvent[] {
  const text = JSON.stringify(log.filter(({ stream }) => stream.startsWith('commitment-')));
  return JSON.parse(text.replace(/"(id|commitmentId|updateId|targetId|findingId)":"[0-9a-f]{8}|commitment-[0-9a-f]{8}/g, (found) => `${found.slice(0, -8)}${String(nth).padStart(8, '0')}`)) as RecordedEvent[];
}
