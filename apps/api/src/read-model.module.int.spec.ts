import { logOf } from '#testing/given.ts';
import { everything } from '#testing/scenes.ts';
import { until } from '#testing/until.ts';
import { testLedger, type TestLedger } from './ledger.fixture.ts';

const log = logOf(everything);
let ledger: TestLedger;

beforeEach(async () => {
  ledger = await testLedger();
});

afterEach(() => ledger.stop());

test('it is ready once the views have come to where the log ended, and stays so while they are behind', async () => {
  await ledger.stopViews();
  expect((await ready()).body.checks).toMatchObject({ log: { ok: true, detail: expect.stringMatching(/^PostgreSQL \d+(\.\d+)+, primary; ends at 0$/) }, views: { ok: true, detail: 'up to date' } });
  await ledger.record(log);
  expect(await ready()).toMatchObject({ status: 200, body: { checks: { log: { detail: expect.stringContaining(`; ends at ${log.length}`) }, views: { ok: true, detail: `at position 0, the log ends at ${log.length}` } } } });
});

test('it is not ready while its views are still being filled', async () => {
  await ledger.stopViews();
  await ledger.record(log);
  expect(await ready()).toMatchObject({ status: 503, body: { checks: { log: { ok: true }, views: { ok: false, detail: `still being filled: at position 0, the log ends at ${log.length}` } } } });
});

test('a view that fails is told, and keeps a process from being ready that was not', async () => {
  const [first] = log as [(typeof log)[number]];
  await ledger.store.append('agency-NEW', 0, [{ ...first, type: 'FromTheFuture' }]);
  // One view after the other is found to fail.
  const answer = await until(async () => {
    const { status, body } = await ready();
    return body.checks.views.detail.includes('agencies_v1 fails at 1 (FromTheFuture in agency-NEW): this program does not know the type FromTheFuture') && { status, ok: body.checks.views.ok };
  });
  expect(answer).toEqual({ status: 503, ok: false });
});

async function ready(): Promise<{ status: number; body: any }> {
  const response = await fetch(`${ledger.url}/health/ready`);
  return { status: response.status, body: await response.json() };
}
