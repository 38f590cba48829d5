import { setTimeout as delay } from 'node:timers/promises';
import type { ServerProcess } from './process.ts';

export interface Stoppable extends ServerProcess {
  stop(): Promise<void>;
}

export interface Supervised<Server extends Stoppable = Stoppable> {
  name: string;
  /** The server as it runs now. */
  server(): Server;
  /** Stops it, and the watch over it. */
  stop(): Promise<void>;
}

export interface SuperviseOptions {
  /** Told, in one line, each time that it ended and is started again. */
  report(line: string): void;
  /** Told once, when it is not started again any more. */
  giveUp(reason: string): void;
  /** How often it is started again before it has run for `settledMs` in one go; 5 unless given. */
  restartsMax?: number;
  /** A minute unless given. */
  settledMs?: number;
  /** Before the first restart; doubled each time, at most 10 s. Half a second unless given. */
  pauseMs?: number;
}

const pauseMsMax = 10_000;

/**
 * Starts a server, and starts it again when it ends by itself, a bounded number of times.
 * @throws what `start` throws the first time
 */
export async function supervise<Server extends Stoppable>(
  name: string, start: () => Promise<Server>, options: SuperviseOptions,
): Promise<Supervised<Server>> {
  const { restartsMax = 5, settledMs = 60_000, pauseMs = 500 } = options;
  const stopping = new AbortController();
  let server = await start();
  const watch = watchOver();
  return {
    name,
    server: () => server,
    async stop() {
      stopping.abort();
      await server.stop();
      await watch;
    },
  };

  async function watchOver(): Promise<void> {
    for (let restarts = 1; ; restarts += 1) {
      const since = Date.now();
      const how = await server.exited;
      if (stopping.signal.aborted) return;
      if (Date.now() - since > settledMs) restarts = 1;
      if (restarts > restartsMax) {
        options.giveUp(`${name} ended (${how}) and was started again ${restartsMax} times in vain`);
        return;
      }
      options.report(`${name} ended (${how}) and is started again`);
      const pause = Math.min(pauseMs * 2 ** (restarts - 1), pauseMsMax);
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await startAgain();
    }
  }

  /** A start that fails leaves the ended server in place, so that the next round tries again. */
  async function startAgain(): Promise<void> {
    try {
      server = await start();
    } catch (error) {
      options.report(`${name} cannot be started again: ${(error as Error).message}`);
      return;
    }
    if (stopping.signal.aborted) await server.stop();
  }
}
