import { createHash } from 'node:crypto';
import type { RecordedText } from '#domain/event.ts';
import type { EventStore } from './event-store.ts';
import { pagesUpTo } from './pages-up-to.ts';

export interface CompareOptions {
  /** Told now and then: the first log's position that was compared, and that of its end. */
  onProgress?: (position: number, head: number) => void;
  signal: AbortSignal;
}

export interface Comparison {
  /** So many events, from the beginning, are the same in both. */
  events: number;
  /** SHA-256, hex, of their `recordedLine`s. */
  sha256: string;
  /** Whether these have the same positions too: then whoever follows one log may go on with the other. */
  samePositions: boolean;
  /** The first place where the logs differ. */
  difference?: Difference;
}

/** One of the two is missing where that log ends. */
export interface Difference {
  source?: RecordedText;
  target?: RecordedText;
  /** What differs of the two events. */
  fields: string[];
}

/**
 * Reads two logs from their beginnings to where they end now, in step, and says whether they hold the same events in
 * the same order: all of each event is compared but for its position, which is each store's own.
 * @throws EventStoreError when one of the two can't be read
 * @throws the signal's reason when it aborts
 */
export async function compareLogs(source: EventStore, target: EventStore, { onProgress, signal }: CompareOptions): Promise<Comparison> {
  const head = await source.head();
  const ofSource = eventsUpTo(source, head, signal);
  const ofTarget = eventsUpTo(target, await target.head(), signal);
  const hash = createHash('sha256');
  let samePositions = true;
  for (let events = 0; ; events += 1) {
    const [{ value: one }, { value: other }] = await Promise.all([ofSource.next(), ofTarget.next()]);
    const line = one && recordedLine(one);
    if (!one || !other || line !== recordedLine(other)) {
      const comparison = { events, sha256: hash.digest('hex'), samePositions };
      return one || other ? { ...comparison, difference: difference(one, other) } : comparison;
    }
    hash.update(line!);
    samePositions &&= one.position === other.position;
    if (events % PROGRESS_EVENTS === 0) onProgress?.(one.position, head);
  }
}

/**
 * An event as it is hashed: a JSON array of stream, revision, id, type, recordedAt, metadata with the keys of each object
 * sorted, and the text of its data; then a newline. Nothing of it depends on the store.
 */
export function recordedLine({ stream, revision, id, type, recordedAt, metadata, data }: RecordedText): string {
  return `${JSON.stringify([stream, revision, id, type, recordedAt, sorted(metadata), data])}\n`;
}

const PROGRESS_EVENTS = 1_000;

async function* eventsUpTo(store: EventStore, head: number, signal: AbortSignal): AsyncGenerator<RecordedText, undefined, void> {
  for await (const page of pagesUpTo(store, 0, head, signal)) yield* page;
  return undefined;
}

function difference(source: RecordedText | undefined, target: RecordedText | undefined): Difference {
  const fields = source && target
    ? FIELDS.filter((field) => JSON.stringify(sorted(source[field])) !== JSON.stringify(sorted(target[field])))
    : [];
  return { ...(source && { source }), ...(target && { target }), fields };
}

const FIELDS = ['stream', 'revision', 'id', 'type', 'recordedAt', 'metadata', 'data'] as const;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, held]) => [key, sorted(held)]));
}
