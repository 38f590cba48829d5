import { Module, type DynamicModule } from '@nestjs/common';
import { z } from 'zod';
import * as settings from '#platform/config.ts';
import { HealthChecks } from '#platform/health.module.ts';
import { httpSettings } from '#platform/http-app.ts';
import { Metrics } from '#platform/metrics.module.ts';
import { PublisherProcess } from './publisher-process.ts';

export const publisherSettings = z.object({
  ...httpSettings,
  DATABASE_URL: settings.DATABASE_URL,
  EVENT_STORE_URL: settings.EVENT_STORE_URL,
  KAFKA_BROKERS: settings.KAFKA_BROKERS,
});
export type PublisherSettings = z.output<typeof publisherSettings>;

@Module({})
export class PublisherModule {
  static of(config: PublisherSettings): DynamicModule {
    const publisher = {
      provide: PublisherProcess,
      useFactory: (health: HealthChecks, metrics: Metrics) => PublisherProcess.open(config, health, metrics),
      inject: [HealthChecks, Metrics],
    };
    return { module: PublisherModule, providers: [publisher] };
  }
}
