import { Global, Inject, Logger, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Histogram } from 'prom-client';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { Metrics } from '#platform/metrics.module.ts';

/** Injects the log: `@Inject(EVENT_STORE) store: EventStore`. */
export const EVENT_STORE = Symbol('EventStore');

/** The log, for everyone, measured, and closed when requests under way are done. */
@Global()
@Module({})
export class EventStoreModule implements OnApplicationShutdown {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  static of(url: string): DynamicModule {
    const provider = { provide: EVENT_STORE, useFactory: (metrics: Metrics) => openMeasured(url, metrics), inject: [Metrics] };
    return { module: EventStoreModule, providers: [provider], exports: [provider] };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}

/** @throws EventStoreError when the log can't be reached, or is not set up */
function openMeasured(url: string, { registry }: Metrics): Promise<EventStore> {
  const logger = new Logger('EventStore');
  const seconds = new Histogram({
    name: 'ledger_append_batch_duration_seconds',
    help: 'Time from sending a batch of appends to the log to its answer',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  });
  const size = new Histogram({
    name: 'ledger_append_batch_events',
    help: 'Events in one batch of appends',
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 1000],
    registers: [registry],
  });
  return openEventStore(url, {
    onBatch: ({ events, ms }) => {
      seconds.observe(ms / 1000);
      size.observe(events);
    },
    onTrouble: (error) => logger.warn(`following the log: ${String(error)}`),
  });
}
