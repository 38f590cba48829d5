import { Injectable, type CanActivate } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { Metrics } from '#platform/metrics.module.ts';
import { Problem } from '#platform/problem.ts';

/**
 * Commands that one process has at work at once. Twice as many as it takes to be as fast as it can be; what comes
 * beyond would only wait, so it is turned away at once, and those at work are answered in time.
 */
export const COMMANDS_MAX = 256;

/** Lets commands in while there are few enough. */
@Injectable()
export class CommandsAtWork {
  #count = 0;
  readonly #refused: Counter;

  constructor({ registry }: Metrics) {
    this.#refused = new Counter({ name: 'ledger_commands_turned_away_total', help: `Commands that came while ${COMMANDS_MAX} were at work`, registers: [registry] });
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

  /** @throws Problem SERVICE.BUSY (503), with Retry-After */
  refuseIfFull(): void {
    if (this.#count < COMMANDS_MAX) return;
    this.#refused.inc();
    throw new Problem(503, 'SERVICE.BUSY', 'too many commands are at work just now; repeat the request with the same Idempotency-Key', { headers: { 'retry-after': '1' } });
  }

  /** @throws Problem SERVICE.BUSY (503); and what `work` throws */
  async letIn<T>(work: () => Promise<T>): Promise<T> {
    this.refuseIfFull();
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
    }
  }
}

/** Turns away before the body is validated, which costs more than all before it. */
@Injectable()
export class WhileNotFull implements CanActivate {
  constructor(private readonly atWork: CommandsAtWork) {}

  canActivate(): boolean {
    this.atWork.refuseIfFull();
    return true;
  }
}
