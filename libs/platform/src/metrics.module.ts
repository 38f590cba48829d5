import { Controller, Get, Header, Module, type DynamicModule } from '@nestjs/common';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import { Access } from './access.guard.ts';

/** This process's measurements. Others add theirs with `registers: [metrics.registry]`; seconds and bytes, as Prometheus has it. */
export class Metrics {
  readonly registry = new Registry();

  /** Labelled with the route's pattern, never the path, so that the number of series stays bounded. */
  readonly requestSeconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from request to answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}

@Controller('metrics')
@Access({ by: 'anyone' })
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  /** Prometheus text format. */
  @Get()
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  @Header('cache-control', 'no-store')
  read(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}

@Module({})
export class MetricsModule {
  static of(metrics: Metrics): DynamicModule {
    const provider = { provide: Metrics, useValue: metrics };
    return { module: MetricsModule, global: true, controllers: [MetricsController], providers: [provider], exports: [provider] };
  }
}
