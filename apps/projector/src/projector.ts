import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { RecordedEvent } from '#domain/event.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { toldEvents } from '#event-store/log-lag.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import type { CheckResult, HealthChecks } from '#platform/health.module.ts';
import { addLogCheck } from '#platform/log-check.ts';
import type { Metrics } from '#platform/metrics.module.ts';
import { troubleOf } from '#read-model/checkpoints.ts';
import { openPool } from '#read-model/database.ts';
import { runViews, type RunReport } from '#read-model/run-views.ts';
import { readViewLag } from '#read-model/view-lag.ts';
import { viewId, type View } from '#read-model/view.ts';
import { ProjectorMetrics } from './projector-metrics.ts';

const CONNECTIONS_MAX = 4;

/** Runs the views from when the app is up until it stops, and lets go of the log and the database then. */
export class Projector implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('Projector');
  readonly #stop = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  readonly #measured: ProjectorMetrics;
  #run: Promise<void> | undefined;

  /** Settles when the run ends: rejected where it could not go on. */
  readonly ended = this.#ended.promise;

  static async open(
    urls: { DATABASE_URL: string; EVENT_STORE_URL: string },
    views: readonly View[],
    health: HealthChecks,
    metrics: Metrics,
  ): Promise<Projector> {
    const store = await openEventStore(urls.EVENT_STORE_URL);
    return new Projector(store, openPool(urls.DATABASE_URL, CONNECTIONS_MAX), views, health, metrics);
  }

  private constructor(
    private readonly store: EventStore,
    private readonly pool: ReturnType<typeof openPool>,
    private readonly views: readonly View[],
    health: HealthChecks,
    metrics: Metrics,
  ) {
    this.#measured = new ProjectorMetrics(metrics.registry, () => readViewLag(store, pool, views));
    addLogCheck(health, store);
    health.add('views', () => this.check());
    // Whoever cares awaits `ended` itself.
    this.ended.catch(() => undefined);
  }

  onApplicationBootstrap(): void {
    const { store, pool, views } = this;
    this.#run = runViews({ store, pool, views, signal: this.#stop.signal, report: this.report() });
    this.#run.then(this.#ended.resolve, this.#ended.reject);
  }

  async onModuleDestroy(): Promise<void> {
    this.#stop.abort();
    await this.#run?.catch(() => undefined);
    await this.store.close();
    await this.pool.end();
  }

  /** A view that fails is told, not held against the process: the others go on, and restarting would not help. */
  private async check(): Promise<CheckResult> {
    const lag = await readViewLag(this.store, this.pool, this.views);
    const behind = Math.max(0, ...lag.map((view) => view.lagEvents));
    return { ok: true, detail: [`${toldEvents(behind)} behind`, ...lag.flatMap(troubleOf)].join('; ') };
  }

  private report(): Required<RunReport> {
    return {
      moved: (_views, events, milliseconds) => this.#measured.moved(events, milliseconds / 1_000),
      failing: (view: View, { position, stream, type }: RecordedEvent, error: Error) =>
        this.#logger.error(`${viewId(view)} can't fold ${type} of ${stream} at ${position}: ${error.stack ?? error.message}`),
      recovered: (view) => this.#logger.log(`${viewId(view)} goes on`),
      waiting: (error, milliseconds) => this.#logger.warn(`trying again in ${milliseconds} ms: ${error.message}`),
    };
  }
}
