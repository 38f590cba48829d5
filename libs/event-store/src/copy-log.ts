import type { RecordedText } from '#domain/event.ts';
import { eventAt } from './event-at.ts';
import type { EventStore } from './event-store.ts';
import { pagesUpTo } from './pages-up-to.ts';

/** A log that another is copied into, event by event as they were recorded: see `openCopyTarget`. */
export interface CopyTarget {
  /** The same log, for reading. */
  store: EventStore;
  /**
   * Appends events exactly as they were recorded, but for the position, which is the target's own: in their order, and
   * all of them; where the process or the store dies meanwhile, none or the first few.
   * @throws EventStoreError EVENT_STORE.UNAVAILABLE when it can't be reached
   * @throws Error when the events do not follow those that it holds, or when somebody else has written to it
   */
  copyIn(events: readonly RecordedText[]): Promise<void>;
  close(): Promise<void>;
}

export interface CopyOptions {
  /** Told after each page: the source's position that was copied, and that of its end. */
  onProgress?: (position: number, head: number) => void;
  /** Ends it between two pages; a later call goes on from there. */
  signal: AbortSignal;
}

export interface Copied {
  /** Events that were appended now; those that the target held already are not among them. */
  events: number;
  /** The source's position up to which the target holds everything. */
  position: number;
  /** Whether somebody wrote to the source meanwhile. What he writes after the end is not in the target. */
  sourceGrew: boolean;
}

/**
 * Copies what the target lacks of a log. The target must hold a beginning of it, or nothing; so a copy that was
 * stopped goes on, and one that is whole already takes no time.
 * @throws EventStoreError EVENT_STORE.UNAVAILABLE when one of the two can't be reached
 * @throws Error when the target holds another log, or the source does not stop growing
 * @throws the signal's reason when it aborts
 */
export async function copyLog(from: EventStore, to: CopyTarget, { onProgress, signal }: CopyOptions): Promise<Copied> {
  const start = await placeOfCopy(from, to.store);
  const copied: Copied = { events: 0, position: start, sourceGrew: false };
  const headAtStart = await from.head();
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    const head = await from.head();
    if (head === copied.position) return { ...copied, sourceGrew: head !== headAtStart };
    for await (const page of pagesUpTo(from, copied.position, head, signal)) {
      await to.copyIn(page);
      copied.events += page.length;
      copied.position = page.at(-1)!.position;
      onProgress?.(copied.position, head);
    }
  }
  throw new Error(`the source grew each of the ${PASSES_MAX} times that its end was reached: stop who writes to it, then copy again`);
}

const PASSES_MAX = 20;

/** The source's position of the target's last event; 0 for an empty target. */
async function placeOfCopy(from: EventStore, to: EventStore): Promise<number> {
  const head = await to.head();
  if (head === 0) return 0;
  const last = await eventAt(to, head);
  if (!last) throw new Error(`the target tells of an end at position ${head} and gives no event there`);
  const [same] = await from.readStream(last.stream, { afterRevision: last.revision - 1, limit: 1 });
  if (same?.id === last.id && same.type === last.type && same.recordedAt === last.recordedAt) return same.position;
  throw new Error(
    `the target holds another log: it ends at position ${head} with revision ${last.revision} of ${last.stream}, event ${last.id}, where the source has `
    + (same ? `event ${same.id}` : 'nothing'),
  );
}
