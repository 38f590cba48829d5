import { Controller, Get, Global, Header, HttpStatus, Logger, Module, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Access } from './access.guard.ts';

export interface CheckResult {
  ok: boolean;
  /** A sentence for operators, without secrets: `3 events behind`. */
  detail: string;
}

export interface Health {
  status: 'ready' | 'not ready';
  checks: Record<string, CheckResult>;
}

/** What must be well before this process should get requests. Whoever brings a dependency adds its check. */
export class HealthChecks {
  readonly #checks = new Map<string, () => Promise<CheckResult>>();
  readonly #running = new Map<string, Promise<CheckResult>>();
  readonly #logger = new Logger('Health');

  constructor(private readonly timeoutMs = 2000) {}

  /** A check that throws, or takes longer than two seconds, is a check that failed. */
  add(name: string, check: () => Promise<CheckResult>): void {
    if (this.#checks.has(name)) throw new Error(`there is a health check ${name} already`);
    this.#checks.set(name, check);
  }

  async ready(): Promise<Health> {
    const checks = Object.fromEntries(await Promise.all([...this.#checks.keys()].map(async (name) => [name, await this.#result(name)] as const)));
    return { status: Object.values(checks).every(({ ok }) => ok) ? 'ready' : 'not ready', checks };
  }

  async #result(name: string): Promise<CheckResult> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<CheckResult>((resolve) => {
      timer = setTimeout(() => resolve({ ok: false, detail: `no answer in ${this.timeoutMs} ms` }), this.timeoutMs);
    });
    try {
      return await Promise.race([this.#run(name), late]);
    } catch (error) {
      this.#logger.warn(`check ${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return { ok: false, detail: 'the check failed; see the log' };
    } finally {
      clearTimeout(timer);
    }
  }

  /** One at a time: a check that hangs is waited for, not piled up. */
  #run(name: string): Promise<CheckResult> {
    const running = this.#running.get(name);
    if (running) return running;
    const check = this.#checks.get(name)!;
    const run = (async () => check())().finally(() => this.#running.delete(name));
    this.#running.set(name, run);
    return run;
  }
}

@Controller('health')
@Access({ by: 'anyone' })
export class HealthController {
  constructor(private readonly checks: HealthChecks) {}

  /** The process runs; restarting it would not help. */
  @Get('live')
  @Header('cache-control', 'no-store')
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  /** 200 when everything it needs is well, else 503 with the same shape. */
  @Get('ready')
  @Header('cache-control', 'no-store')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    const health = await this.checks.ready();
    if (health.status !== 'ready') void reply.code(HttpStatus.SERVICE_UNAVAILABLE);
    return health;
  }
}

@Global()
@Module({ controllers: [HealthController], providers: [{ provide: HealthChecks, useFactory: () => new HealthChecks() }], exports: [HealthChecks] })
export class HealthModule {}
