import { Module, type DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { DATABASE_URL, EVENT_STORE_URL } from '#platform/config.ts';
import { createHttpApp, httpSettings } from '#platform/http-app.ts';
import { ApiModule } from './api.module.ts';
import { EventStoreModule } from './event-store.module.ts';
import { serveOpenApi } from './open-api.ts';
import { ReadModelModule } from './read-model.module.ts';

export const ApiSettings = z.object({ ...httpSettings, DATABASE_URL, EVENT_STORE_URL });
export type ApiSettings = z.output<typeof ApiSettings>;

/** The whole API, not yet listening. @throws ConfigError, EventStoreError */
export async function createApi(settings: ApiSettings): Promise<NestFastifyApplication> {
  const parts: DynamicModule = { module: Parts, imports: [EventStoreModule.of(settings.EVENT_STORE_URL), ReadModelModule.of(settings.DATABASE_URL), ApiModule] };
  const app = await createHttpApp(parts, settings);
  serveOpenApi(app);
  return app;
}

@Module({})
class Parts {}
