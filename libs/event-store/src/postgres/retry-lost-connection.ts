import { setTimeout as sleep } from 'node:timers/promises';
import { troubleOf } from './postgres-errors.ts';

/** Calls again after each lost connection, once per pause given; every other error, and the last, is thrown as it is. */
export async function retryLostConnection<T>(call: () => Promise<T>, pausesMs: readonly number[]): Promise<T> {
  for (const ms of pausesMs) {
    try {
      return await call();
    } catch (error) {
      if (troubleOf(error) !== 'connection') throw error;
    }
    await sleep(ms);
  }
  return call();
}
