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
  /** Views that this process keeps up, separated by commas, where several share the work; all unless given. */
  VIEWS: z
    .string()
    .transform((text) => text.split(',').map((name) => name.trim()))
    .refine((names) => names.every((name) => allViews.some((view) => view.name === name)), `must be a list of views: ${allViews.map(({ name }) => name).join(', ')}`)
    .optional(),
});
export type ProjectorSettings = z.output<typeof projectorSettings>;

@Module({})
export class ProjectorModule {
  static of(config: ProjectorSettings, views: readonly View[] = viewsOf(config)): DynamicModule {
    const projector = {
      provide: Projector,
      useFactory: (health: HealthChecks, metrics: Metrics) => Projector.open(config, views, health, metrics),
      inject: [HealthChecks, Metrics],
    };
    return { module: ProjectorModule, providers: [projector] };
  }
}

export function viewsOf({ VIEWS }: Pick<ProjectorSettings, 'VIEWS'>): readonly View[] {
  return VIEWS ? allViews.filter(({ name }) => VIEWS.includes(name)) : allViews;
}
