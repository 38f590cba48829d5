import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { DomainError } from '#domain/refusal.ts';
import { Metrics } from '#platform/metrics.module.ts';
import { Problem } from '#platform/problem.ts';

/** Counts commands by name and outcome: accepted, or the code of what refused them. */
@Injectable()
export class CommandMetrics {
  readonly #commands: Counter<'command' | 'outcome'>;

  constructor(metrics: Metrics) {
    this.#commands = new Counter({
      name: 'ledger_commands_total',
      help: 'Commands by outcome: accepted, or the code of the refusal',
      labelNames: ['command', 'outcome'],
      registers: [metrics.registry],
    });
  }

  async counted<T>(command: string, run: () => Promise<T>): Promise<T> {
    try {
      const answer = await run();
      this.#commands.inc({ command, outcome: 'accepted' });
      return answer;
    } catch (error) {
      const known = error instanceof DomainError || error instanceof Problem;
      this.#commands.inc({ command, outcome: known ? error.code : 'failed' });
      throw error;
    }
  }
}
