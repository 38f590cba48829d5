import pg from 'pg';
import { backOffMs, pause } from './pause.ts';

/**
 * One LISTEN connection for all subscribers of a store. It makes them fast, not correct: whoever waits here also
 * has a time limit, and then looks for himself.
 */
export class HeadListener {
  /** How often the head was announced, or may have been while nobody listened. */
  announcements = 0;
  private readonly sleepers = new Set<() => void>();
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly config: pg.ClientConfig,
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  /**
   * Waits until the head was announced more often than `seen`, the time is over, or the signal aborts. Take `seen`
   * from `announcements` before looking at the log, or an announcement between the look and the wait is missed.
   */
  async waitForMore(seen: number, ms: number, signal: AbortSignal): Promise<void> {
    this.running ??= this.run();
    if (this.announcements > seen || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener('abort', wake);
      this.sleepers.add(wake);
    });
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.stopping.signal.aborted) {
      try {
        await this.listenUntilLost(() => (failures = 0));
      } catch (error) {
        this.onTrouble(error);
      }
      await pause(backOffMs(failures), this.stopping.signal);
      failures += 1;
    }
  }

  /** @throws when the connection can't be made or is lost; returns when stopped */
  private async listenUntilLost(onListening: () => void): Promise<void> {
    const client = new pg.Client(this.config);
    const lost = new Promise<never>((_, reject) => {
      client.on('error', reject);
      client.on('end', () => reject(new Error('the connection that listens for new events was closed')));
    });
    // Awaited below; until then a rejection must not count as unhandled.
    lost.catch(() => {});
    client.on('notification', () => this.announce());
    try {
      await client.connect();
      await client.query('listen event_log_head');
      onListening();
      this.announce();
      await Promise.race([lost, aborted(this.stopping.signal)]);
    } finally {
      await client.end();
    }
  }

  private announce(): void {
    this.announcements += 1;
    for (const wake of [...this.sleepers]) wake();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
