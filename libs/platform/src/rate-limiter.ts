import { LRUCache } from 'lru-cache';
import { Problem } from './problem.ts';

/**
 * A token bucket per key: so many requests per second for long, twice as many at once.
 * Remembers the latest CALLERS_MAX keys; one that drops out starts with a full bucket.
 */
export class RateLimiter {
  readonly #buckets = new LRUCache<string, { tokens: number; at: number }>({ max: CALLERS_MAX });
  readonly #burst: number;

  /** `now` in milliseconds, never falling. */
  constructor(
    private readonly perSecond: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#burst = 2 * perSecond;
  }

  /** @throws Problem REQUEST.RATE_LIMITED (429), with Retry-After in seconds */
  take(key: string): void {
    const now = this.now();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, at: now };
    const tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1000) * this.perSecond);
    const taken = tokens >= 1;
    this.#buckets.set(key, { tokens: taken ? tokens - 1 : tokens, at: now });
    if (taken) return;
    const seconds = Math.ceil((1 - tokens) / this.perSecond);
    throw new Problem(429, 'REQUEST.RATE_LIMITED', `more than ${this.perSecond} requests a second; slow down`, { headers: { 'retry-after': String(seconds) } });
  }
}

export const CALLERS_MAX = 20_000;
