import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { PublisherRefusal } from '#messaging/checkpoint.ts';
import { openKafka } from '#messaging/kafkajs/open-kafka.ts';
import { migratePublisher } from '#messaging/postgres/publisher-session.ts';
import { Publisher } from '#messaging/publisher.ts';
import type { CheckResult, HealthChecks } from '#platform/health.module.ts';
import { addLogCheck } from '#platform/log-check.ts';
import type { Metrics } from '#platform/metrics.module.ts';
import { measurePublisher } from './publisher-metrics.ts';
import type { PublisherSettings } from './publisher.module.ts';

/** Runs the publisher from when the app is up until it stops. */
export class PublisherProcess implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('Publisher');
  readonly #stop = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  readonly #publisher: Publisher;
  #run: Promise<void> | undefined;

  /**
   * Settles when the process has no more to do: rejected where a restart may help. Where a person must look first it
   * stays pending, and the process up: not ready, saying why, and leading no longer, so that a newer one can.
   */
  readonly ended = this.#ended.promise;

  static async open(config: PublisherSettings, health: HealthChecks, metrics: Metrics): Promise<PublisherProcess> {
    await migratePublisher(config.DATABASE_URL);
    return new PublisherProcess(config, await openEventStore(config.EVENT_STORE_URL), health, metrics);
  }

  private constructor(config: PublisherSettings, private readonly store: EventStore, health: HealthChecks, metrics: Metrics) {
    this.#publisher = new Publisher({
      store,
      databaseUrl: config.DATABASE_URL,
      openKafka: () => openKafka(config.KAFKA_BROKERS, this.#logger),
      log: this.#logger,
    });
    measurePublisher(metrics.registry, this.#publisher, store);
    addLogCheck(health, store);
    health.add('publisher', async () => this.check());
    // Whoever cares awaits `ended` itself.
    this.ended.catch(() => undefined);
  }

  onApplicationBootstrap(): void {
    this.#run = this.#publisher.run(this.#stop.signal);
    this.#run.then(this.#ended.resolve, (error: unknown) => {
      if (!(error instanceof PublisherRefusal)) this.#ended.reject(error);
      else this.#logger.fatal(`stopped until somebody looks: ${error.message}`);
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.#stop.abort();
    await this.#run?.catch(() => undefined);
    this.#ended.resolve();
    await this.store.close();
  }

  private check(): CheckResult {
    const { phase, trouble, position } = this.#publisher.status();
    if (trouble !== undefined) return { ok: false, detail: trouble };
    switch (phase) {
      case 'publishing': return { ok: true, detail: `leads; published up to position ${position}` };
      case 'standby': return { ok: true, detail: 'stands by: another process leads' };
      case 'starting':
      case 'resuming': return { ok: false, detail: 'finds out where to go on' };
      case 'refusing':
      case 'ended': return { ok: false, detail: 'has ended' };
    }
  }
}
