import { until } from './until.ts';

test('asks again until there is something, and returns it', async () => {
  const answers = [undefined, null, false, 0];
  expect(await until(() => answers.shift(), { intervalMs: 1 })).toBe(0);
});

test('an error counts as "not yet"', async () => {
  let asked = 0;
  const condition = (): string => {
    asked += 1;
    if (asked < 3) throw new Error('not yet');
    return 'there';
  };
  expect(await until(condition, { intervalMs: 1 })).toBe('there');
});

test('gives up at the deadline and tells the last error', async () => {
  const condition = (): boolean => { throw new Error('still closed'); };
  const waiting = until(condition, { deadlineMs: 5, intervalMs: 1 });
  await expect(waiting).rejects.toMatchObject({ message: expect.stringContaining('not so within 5 ms'), cause: new Error('still closed') });
});
