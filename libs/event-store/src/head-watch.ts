import { backOffMs, pause } from './pause.ts';

/**
 * Hears that the log has grown, for as long as it can: resolves when `stop` aborts, throws when it can hear no more.
 * Calls `announce` once when it hears, and then with each growth.
 */
export type ListenForHead = (announce: () => void, stop: AbortSignal) => Promise<void>;

/**
 * One ear for all subscribers of a store. It makes them fast, not correct: whoever waits here also has a time limit,
 * and then looks for himself.
 */
export class HeadWatch {
  /** How often the head was announced, or may have been while nobody listened. */
  announcements = 0;
  private readonly sleepers = new Set<() => void>();
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly listen: ListenForHead,
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  /**
   * Waits until the head was announced more often than `seen`, the time is over, or the signal aborts. Take `seen`
   * from `announcements` before looking at the log, or an announcement between the look and the wait is missed.
   */
  async waitForMore(seen: number, ms: number, signal: AbortSignal): Promise<void> {
    this.start();
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

  /** Listens from now on, before anybody waits. */
  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted; failures += 1) {
      const heard = this.announcements;
      try {
        await this.listen(() => this.announce(), signal);
      } catch (error) {
        if (!signal.aborted) this.onTrouble(error);
      }
      if (this.announcements > heard) failures = 0;
      await pause(backOffMs(failures), signal);
    }
  }

  private announce(): void {
    this.announcements += 1;
    for (const wake of [...this.sleepers]) wake();
  }
}
