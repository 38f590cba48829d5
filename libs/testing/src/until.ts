import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for a condition instead of for a time: asks again and again until it gives something other than
 * false, null or undefined, and returns that.
 * @throws Error after `deadlineMs` (10 s unless given), with the condition's last error as its cause
 */
export async function until<T>(
  condition: () => T | Promise<T>, options: { deadlineMs?: number; intervalMs?: number } = {},
): Promise<Exclude<T, false | null | undefined>> {
  const { deadlineMs = 10_000, intervalMs = 20 } = options;
  const end = Date.now() + deadlineMs;
  let cause: unknown;
  do {
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined) return value as Exclude<T, false | null | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(intervalMs);
  } while (Date.now() < end);
  throw new Error(`not so within ${deadlineMs} ms: ${condition.toString()}`, { cause });
}
