import { Logger } from '@nestjs/common';
import { EventStoreError, type EventStore, type LogServer } from '#event-store/event-store.ts';
import type { CheckResult, HealthChecks } from './health.module.ts';

const logger = new Logger('EventLog');

/** Adds to a process's health whether the log answers, and which server keeps it; where it does not, why. */
export function addLogCheck(health: HealthChecks, store: EventStore): void {
  health.add('log', () => checkLog(store));
}

async function checkLog(store: EventStore): Promise<CheckResult> {
  try {
    const [server, head] = await Promise.all([store.server(), store.head()]);
    return { ok: true, detail: `${toldServer(server)}; ends at ${head}` };
  } catch (error) {
    if (!(error instanceof EventStoreError)) throw error;
    // Everyone may ask for health: what the store's own driver said stays in the log.
    logger.warn(`${error.message}${error.cause === undefined ? '' : `: ${String(error.cause)}`}`);
    return { ok: false, detail: error.message };
  }
}

/** `PostgreSQL 18.4, primary` */
export function toldServer({ product, version, role }: LogServer): string {
  return `${product} ${version}, ${role}`;
}
