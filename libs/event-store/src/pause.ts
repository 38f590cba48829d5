import { setTimeout as sleep } from 'node:timers/promises';

/** Waits so long, or until the signal aborts: never throws. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** 100 ms, 200, 400, ... up to 5 s, by the number of failures in a row so far. */
export function backOffMs(failures: number): number {
  return Math.min(100 * 2 ** Math.min(failures, 10), 5_000);
}

/** The promise's value, or undefined as soon as the signal aborts. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let onAbort = () => {};
  // Not one promise for all calls: each race would leave a reaction on it for as long as it lives.
  const aborted = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
