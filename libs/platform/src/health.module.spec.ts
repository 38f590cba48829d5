import { HealthChecks } from './health.module.ts';

test('a check that hangs fails in time, and is not started a second time', async () => {
  const checks = new HealthChecks(20);
  let started = 0;
  const hanging = Promise.withResolvers<{ ok: boolean; detail: string }>();
  checks.add('kafka', () => {
    started++;
    return hanging.promise;
  });
  const late = { status: 'not ready', checks: { kafka: { ok: false, detail: 'no answer in 20 ms' } } };
  expect(await checks.ready()).toEqual(late);
  expect(await checks.ready()).toEqual(late);
  expect(started).toBe(1);
  hanging.resolve({ ok: true, detail: 'back' });
  expect(await checks.ready()).toEqual({ status: 'ready', checks: { kafka: { ok: true, detail: 'back' } } });
});

test('a check that says no makes it not ready, whatever the others say', async () => {
  const checks = new HealthChecks();
  checks.add('log', async () => ({ ok: true, detail: 'head 3' }));
  checks.add('views', async () => ({ ok: false, detail: '3 events behind' }));
  expect(await checks.ready()).toEqual({ status: 'not ready', checks: { log: { ok: true, detail: 'head 3' }, views: { ok: false, detail: '3 events behind' } } });
});

test('names are given once', () => {
  const checks = new HealthChecks();
  checks.add('log', async () => ({ ok: true, detail: '' }));
  expect(() => checks.add('log', async () => ({ ok: true, detail: '' }))).toThrow('log');
});
