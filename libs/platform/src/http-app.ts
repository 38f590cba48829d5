import 'reflect-metadata';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { z } from 'zod';
import { AccessGuard } from './access.guard.ts';
import { tokenVerifier } from './auth/token-verifier.ts';
import { Callers } from './callers.ts';
import * as settings from './config.ts';
import { Drain } from './drain.ts';
import { HealthModule } from './health.module.ts';
import { HttpAdapter } from './http-adapter.ts';
import { JsonLogger } from './json-logger.ts';
import { Metrics, MetricsModule } from './metrics.module.ts';
import { ProblemController } from './problem.controller.ts';
import { ProblemFilter } from './problem.filter.ts';
import { RateLimiter } from './rate-limiter.ts';
import { ValidationPipe } from './validation.ts';

/** The settings that every app with HTTP reads; put them into its zod object beside its own. */
export const httpSettings = {
  PORT: settings.PORT,
  HOST: settings.HOST,
  DATA_DIR: settings.DATA_DIR,
  NODE_ENV: settings.NODE_ENV,
  OIDC_ISSUER: settings.OIDC_ISSUER,
  OIDC_AUDIENCE: settings.OIDC_AUDIENCE,
  RATE_LIMIT_PER_SECOND: settings.RATE_LIMIT_PER_SECOND,
  TRUST_PROXY: settings.TRUST_PROXY,
  LOG_LEVEL: settings.LOG_LEVEL,
};
export type HttpSettings = z.output<z.ZodObject<typeof httpSettings>>;

/**
 * A Nest app with everything that all apps share: access by route, problems, validation, security headers, metrics,
 * health, JSON logs, and a stop (SIGINT, SIGTERM or `close()`) that first drains. Anything can inject `Metrics`,
 * `HealthChecks` and `Drain`. Requests under way are finished before the first `onModuleDestroy` runs.
 * @throws ConfigError
 */
export async function createHttpApp(module: Type | DynamicModule, config: HttpSettings): Promise<NestFastifyApplication> {
  const drain = new Drain();
  const metrics = new Metrics();
  const callers = new Callers(await tokenVerifier(config), new RateLimiter(config.RATE_LIMIT_PER_SECOND));
  const shared: DynamicModule = {
    module: HttpAppModule,
    global: true,
    controllers: [ProblemController],
    imports: [MetricsModule.of(metrics), HealthModule, module],
    providers: [
      { provide: Drain, useValue: drain },
      { provide: APP_GUARD, useClass: AccessGuard },
      { provide: APP_PIPE, useClass: ValidationPipe },
      { provide: APP_FILTER, useClass: ProblemFilter },
    ],
    exports: [Drain],
  };
  const app = await NestFactory.create<NestFastifyApplication>(shared, new HttpAdapter({ drain, metrics, callers, trustProxy: config.TRUST_PROXY }), {
    abortOnError: false,
    bodyParser: false,
    logger: new JsonLogger(config.LOG_LEVEL),
  });
  app.useSecurityHeaders({ contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } } });
  return app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
}

/**
 * Begins to answer.
 * @returns the address: `http://127.0.0.1:3000`
 * @throws ConfigError naming PORT or HOST where they can't be had
 */
export async function listen(app: NestFastifyApplication, { PORT, HOST }: Pick<HttpSettings, 'PORT' | 'HOST'>): Promise<string> {
  try {
    await app.listen(PORT, HOST);
  } catch (error) {
    const rule = CANNOT_LISTEN[String((error as { code?: unknown }).code)];
    if (rule) throw new settings.ConfigError([rule(PORT, HOST)]);
    throw error;
  }
  return app.getUrl();
}

@Module({})
class HttpAppModule {}

const CANNOT_LISTEN: Record<string, (port: number, host: string) => { variable: string; rule: string }> = {
  EADDRINUSE: (port) => ({ variable: 'PORT', rule: `${port} is taken by another process; choose another` }),
  EACCES: (port) => ({ variable: 'PORT', rule: `${port} may not be used by this user; choose one above 1023` }),
  EADDRNOTAVAIL: (_, host) => ({ variable: 'HOST', rule: `${host} is no address of this machine` }),
  ENOTFOUND: (_, host) => ({ variable: 'HOST', rule: `${host} is no known name` }),
};
