import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { READ_MODEL_CHANNEL, readCheckpoints } from './checkpoints.ts';
import type { View } from './view.ts';

/**
 * Waits until views have come to a position. One connection listens for everyone and one query answers everyone; a
 * poll while somebody waits makes it right, the notification only makes it fast.
 */
export class PositionWatch {
  private waiting = 0;
  private nextReading = newReading();
  private readingAgain = false;
  private reading: Promise<void> | undefined;
  private listener: Promise<pg.Client | undefined> | undefined;
  private poll: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly pool: pg.Pool,
    /** All views that may be asked for. */
    private readonly views: readonly View[],
  ) {}

  /**
   * The lowest position of the views, once it is `position` or above; or what it is when the deadline comes, or at once
   * while WAITERS_MAX others wait. Throws what the database throws.
   */
  async waitForPosition(views: readonly View[], position: number, { deadlineMs }: { deadlineMs: number }): Promise<number> {
    const deadline = pauseUntil(deadlineMs);
    this.enter();
    try {
      let coming = this.nextReading.promise;
      let positions: Positions | undefined = await this.readPositions();
      let lowest = lowestOf(positions, views);
      while (lowest < position && this.waiting <= WAITERS_MAX && !this.closed) {
        positions = await Promise.race([coming, deadline.reached]);
        if (positions === undefined) break;
        coming = this.nextReading.promise;
        lowest = lowestOf(positions, views);
      }
      return lowest;
    } finally {
      deadline.cancel();
      this.leave();
    }
  }

  /** Lets everyone who waits go with what there is. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.poll);
    this.refresh();
    await this.reading;
    const listener = await this.listener;
    await listener?.end();
  }

  private enter(): void {
    this.waiting += 1;
    this.listener ??= this.listen();
    this.poll ??= setInterval(() => {
      this.listener ??= this.listen();
      this.refresh();
    }, POLL_MS);
  }

  private leave(): void {
    this.waiting -= 1;
    if (this.waiting > 0) return;
    clearInterval(this.poll);
    this.poll = undefined;
  }

  private refresh(): void {
    if (this.waiting === 0) return;
    if (this.reading) this.readingAgain = true;
    else this.reading = this.read();
  }

  private async read(): Promise<void> {
    do {
      this.readingAgain = false;
      const outcome = await this.readPositions().then(
        (positions) => ({ positions }),
        (error: unknown) => ({ error }),
      );
      const answered = this.nextReading;
      this.nextReading = newReading();
      if ('positions' in outcome) answered.resolve(outcome.positions);
      else answered.reject(outcome.error);
    } while (this.readingAgain);
    this.reading = undefined;
  }

  private async readPositions(): Promise<Positions> {
    const checkpoints = await readCheckpoints(this.pool, this.views);
    return new Map(this.views.map((view, n) => [view, checkpoints[n]!.position]));
  }

  /** Undefined, to be tried again by the poll, where the connection can't be made or breaks. */
  private async listen(): Promise<pg.Client | undefined> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 5_000, application_name: 'read-model-watch' });
    client.on('error', () => {
      this.listener = undefined;
      void client.end().catch(() => undefined);
    });
    client.on('notification', () => this.refresh());
    try {
      await client.connect();
      await client.query(`listen ${READ_MODEL_CHANNEL}`);
      return client;
    } catch {
      this.listener = undefined;
      await client.end().catch(() => undefined);
      return undefined;
    }
  }
}

const WAITERS_MAX = 10_000;
const POLL_MS = 250;

type Positions = ReadonlyMap<View, number>;

function lowestOf(positions: Positions, views: readonly View[]): number {
  return Math.min(...views.map((view) => positions.get(view)!));
}

function newReading(): PromiseWithResolvers<Positions> {
  const reading = Promise.withResolvers<Positions>();
  // Nobody may be waiting for it.
  reading.promise.catch(() => undefined);
  return reading;
}

function pauseUntil(milliseconds: number): { reached: Promise<undefined>; cancel(): void } {
  const cancelled = new AbortController();
  const reached = pause(milliseconds, undefined, { signal: cancelled.signal }).catch(() => undefined);
  return { reached, cancel: () => cancelled.abort() };
}
