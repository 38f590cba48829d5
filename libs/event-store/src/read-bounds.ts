import { EventStoreError } from './event-store.ts';

/** Most events of one `readStream`, and what it gives unless told. */
export const READ_STREAM_MAX = 1_000;
/** Most events of one `readAll`. */
export const READ_ALL_MAX = 10_000;

/** @throws EventStoreError EVENT_STORE.REFUSED, naming what is wrong */
export function requireInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new EventStoreError('EVENT_STORE.REFUSED', `${name} must be an integer from ${min} to ${max}, not ${value}`);
}
