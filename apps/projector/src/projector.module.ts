import { Module, type DynamicModule } from '@nestjs/common';
import { z } from 'zod';
import * as settings from '#platform/config.ts';
import { HealthChecks } from '#platform/health.module.ts';
import { httpSettings } from '#platform/http-app.ts';
import { Metrics } from '#platform/metrics.module.ts';
import type { View } from '#read-model/view.ts';
import { views as allViews } from '#read-model/views.ts';
import { Projector } from './projector.ts';

export const projectorSettings = z.object({
  ...httpSettings,
  DATABASE_URL: settings.DATABASE_URL,
  EVENT_STORE_URL: settings.EVENT_STORE_URL,
});
export type ProjectorSettings = z.output<typeof projectorSettings>;

@Module({})
export class ProjectorModule {
  static of(config: ProjectorSettings, views: readonly View[] = allViews): DynamicModule {
    const projector = {
      provide: Projector,
      useFactory: (health: HealthChecks, metrics: Metrics) => Projector.open(config, views, health, metrics),
      inject: [HealthChecks, Metrics],
    };
    return { module: ProjectorModule, providers: [projector] };
  }
}
