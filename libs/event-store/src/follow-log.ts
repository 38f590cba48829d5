import type { RecordedEvent } from '#domain/event.ts';
import type { HeadWatch } from './head-watch.ts';
import { backOffMs, pause, unlessAborted } from './pause.ts';

export interface Following<Event extends RecordedEvent> {
  /** Events above a position; none only where there is none. */
  readPage(after: number): Promise<Event[]>;
  /** Whether reading again may help: the connection was lost, not refused. */
  isPassing(error: unknown): boolean;
  onTrouble(error: unknown): void;
  head: HeadWatch;
  /** How long to wait for a wake-up before looking again. */
  pollMs: number;
}

/**
 * `EventStore.subscribe` of every store: pages read one after another, each when it is asked for. What hears of the
 * head only shortens the wait for the next look, so nothing is skipped or repeated whatever becomes of it.
 */
export async function* followLog<Event extends RecordedEvent>(
  after: number, stop: AbortSignal, { readPage, isPassing, onTrouble, head, pollMs }: Following<Event>,
): AsyncGenerator<Event[], void, void> {
  let position = after;
  let failures = 0;
  while (!stop.aborted) {
    const seen = head.announcements;
    let page: Event[] | undefined;
    try {
      page = await unlessAborted(readPage(position), stop);
      failures = 0;
    } catch (error) {
      // For as long as nobody stops it.
      if (!isPassing(error)) throw error;
      onTrouble(error);
      await pause(backOffMs(failures), stop);
      failures += 1;
      continue;
    }
    if (!page || page.length === 0) {
      await head.waitForMore(seen, pollMs, stop);
      continue;
    }
    yield page;
    position = page.at(-1)!.position;
  }
}
