import { Problem } from './problem.ts';
import { CALLERS_MAX, RateLimiter } from './rate-limiter.ts';

test('twice the rate at once, then the rate', () => {
  let now = 0;
  const limiter = new RateLimiter(10, () => now);
  expect(taken(limiter, 'a', 30)).toBe(20);
  now += 500;
  expect(taken(limiter, 'a', 30)).toBe(5);
  now += 60_000;
  expect(taken(limiter, 'a', 30)).toBe(20);
});

test('callers do not pay for each other', () => {
  const limiter = new RateLimiter(1, () => 0);
  expect(taken(limiter, 'a', 5)).toBe(2);
  expect(taken(limiter, 'b', 5)).toBe(2);
});

test('a refusal says when to come back, in whole seconds', () => {
  let now = 0;
  const limiter = new RateLimiter(1, () => now);
  taken(limiter, 'a', 2);
  now += 300;
  expect(() => limiter.take('a')).toThrow(expect.objectContaining({ status: 429, code: 'REQUEST.RATE_LIMITED', headers: { 'retry-after': '1' } }));
  now += 700;
  expect(() => limiter.take('a')).not.toThrow();
});

test('refusals do not push the next turn away', () => {
  let now = 0;
  const limiter = new RateLimiter(1, () => now);
  taken(limiter, 'a', 2);
  for (now = 100; now < 1000; now += 100) expect(taken(limiter, 'a', 1)).toBe(0);
  now = 1001;
  expect(taken(limiter, 'a', 1)).toBe(1);
});

test('however many callers come, a bounded number is remembered', () => {
  const limiter = new RateLimiter(1, () => 0);
  taken(limiter, 'first', 2);
  for (let caller = 0; caller < CALLERS_MAX; caller++) limiter.take(`caller ${caller}`);
  expect(taken(limiter, 'first', 5)).toBe(2);
});

/** How many of so many requests get through. */
function taken(limiter: RateLimiter, key: string, requests: number): number {
  let count = 0;
  for (let request = 0; request < requests; request++) {
    try {
      limiter.take(key);
      count++;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
  }
  return count;
}
