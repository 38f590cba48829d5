import { checkStream, REVISION_MAX } from './check-append.ts';
import { EventStoreError, type ReadStreamOptions } from './event-store.ts';

/** Most events of one `readStream`, and what it gives unless told. */
export const READ_STREAM_MAX = 1_000;
/** Most events of one `readAll`. */
export const READ_ALL_MAX = 10_000;

/** What a `readStream` asks for, with what was left out. @throws EventStoreError EVENT_STORE.REFUSED, naming what is wrong */
export function streamRange(stream: string, options: ReadStreamOptions): Required<ReadStreamOptions> {
  const { afterRevision = 0, upToPosition = Number.MAX_SAFE_INTEGER, limit = READ_STREAM_MAX } = options;
  checkStream(stream);
  requireInteger('afterRevision', afterRevision, 0, REVISION_MAX);
  requireInteger('upToPosition', upToPosition, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('limit', limit, 1, READ_STREAM_MAX);
  return { afterRevision, upToPosition, limit };
}

/** @throws EventStoreError EVENT_STORE.REFUSED, naming what is wrong */
export function requireInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new EventStoreError('EVENT_STORE.REFUSED', `${name} must be an integer from ${min} to ${max}, not ${value}`);
}
