import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '#platform/metrics.module.ts';
import { Problem } from '#platform/problem.ts';
import { CommandMetrics } from './command-metrics.ts';

/**
 * Commands that one process has at work at once. Twice as many as it takes to be as fast as it can be; what comes
 * beyond would only wait, so it is turned away at once, and those at work are answered in time.
 */
export const COMMANDS_MAX = 256;

/** Lets commands in while there are few enough. */
@Injectable()
export class CommandsAtWork {
  #count = 0;

  constructor(
    { registry }: Metrics,
    private readonly metrics: CommandMetrics,
  ) {
    const count = () => this.#count;
    new Gauge({
      name: 'ledger_commands_at_work',
      help: `Commands let in and not yet answered; ${COMMANDS_MAX} at most`,
      registers: [registry],
      collect() {
        this.set(count());
      },
    });
  }

  /** @throws Problem SERVICE.BUSY (503), with Retry-After; and what `work` throws */
  async letIn<T>(command: string, work: () => Promise<T>): Promise<T> {
    if (this.#count >= COMMANDS_MAX) return this.metrics.counted(command, () => Promise.reject(busy()));
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
    }
  }
}

function busy(): Problem {
  return new Problem(503, 'SERVICE.BUSY', 'too many commands are at work just now; repeat the request with the same Idempotency-Key', { headers: { 'retry-after': '1' } });
}
