import { Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import { DomainError } from '#domain/refusal.ts';
import { EventStoreError } from '#event-store/event-store.ts';
import { Metrics } from '#platform/metrics.module.ts';
import { Problem } from '#platform/problem.ts';

/** Counts commands by name and outcome, and measures their appends. */
@Injectable()
export class CommandMetrics {
  readonly #commands: Counter<'command' | 'outcome'>;
  readonly #appendSeconds: Histogram;

  constructor({ registry }: Metrics) {
    this.#commands = new Counter({
      name: 'ledger_commands_total',
      help: 'Commands by outcome: accepted, the code of what refused them, or failed',
      labelNames: ['command', 'outcome'],
      registers: [registry],
    });
    this.#appendSeconds = new Histogram({
      name: 'ledger_append_duration_seconds',
      help: 'Time of an append as the command sees it: the wait for its turn in a batch, the batch, and repeats after a lost connection',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers: [registry],
    });
  }

  async counted<T>(command: string, run: () => Promise<T>): Promise<T> {
    try {
      const answer = await run();
      this.#commands.inc({ command, outcome: 'accepted' });
      return answer;
    } catch (error) {
      const known = error instanceof DomainError || error instanceof Problem || error instanceof EventStoreError;
      this.#commands.inc({ command, outcome: known ? error.code : 'failed' });
      throw error;
    }
  }

  async timedAppend<T>(append: () => Promise<T>): Promise<T> {
    const ended = this.#appendSeconds.startTimer();
    try {
      return await append();
    } finally {
      ended();
    }
  }
}
