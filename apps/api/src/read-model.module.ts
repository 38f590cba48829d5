import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import type { EventStore } from '#event-store/event-store.ts';
import { HealthChecks, type CheckResult } from '#platform/health.module.ts';
import { addLogCheck } from '#platform/log-check.ts';
import { Metrics } from '#platform/metrics.module.ts';
import { troubleOf } from '#read-model/checkpoints.ts';
import { ReadModel } from '#read-model/queries/read-model.ts';
import { EVENT_STORE } from './event-store.module.ts';
import { LagMetrics } from './lag-metrics.ts';

/** The views, for everyone, closed when requests under way are done; and whether this process can answer queries. */
@Global()
@Module({})
export class ReadModelModule implements OnApplicationShutdown {
  constructor(private readonly readModel: ReadModel) {}

  static of(url: string): DynamicModule {
    const provider = {
      provide: ReadModel,
      useFactory: (store: EventStore, health: HealthChecks) => {
        const readModel = ReadModel.open(url);
        addLogCheck(health, store);
        health.add('views', viewsCheck(store, readModel));
        return readModel;
      },
      inject: [EVENT_STORE, HealthChecks],
    };
    const lag = { provide: LagMetrics, useFactory: (store: EventStore, metrics: Metrics) => new LagMetrics(store, url, metrics), inject: [EVENT_STORE, Metrics] };
    return { module: ReadModelModule, providers: [provider, lag], exports: [provider] };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.readModel.close();
  }
}

/**
 * Well once the views have come to where the log ended when first asked: a new version of a view is filled before it
 * serves. From then on lag and failures are told, not held against the process: restarting it would not help, and
 * commands and single records need no view.
 */
function viewsCheck(store: EventStore, readModel: ReadModel): () => Promise<CheckResult> {
  let goal: number | undefined;
  let caughtUp = false;
  return async () => {
    const checkpoints = await readModel.checkpoints();
    const head = await store.head();
    goal ??= head;
    const lowest = Math.min(...checkpoints.map(({ position }) => position));
    caughtUp ||= lowest >= goal;
    const lag = lowest < head ? [`at position ${lowest}, the log ends at ${head}`] : ['up to date'];
    return { ok: caughtUp, detail: [...(caughtUp ? lag : [`still being filled: ${lag[0]}`]), ...checkpoints.flatMap(troubleOf)].join('; ') };
  };
}
