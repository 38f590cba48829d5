import { Gauge, Histogram, type Registry } from 'prom-client';
import { LAG_EVENTS_MAX } from '#event-store/log-lag.ts';
import { measureTrouble } from '#read-model/trouble-gauges.ts';
import type { ViewLag } from '#read-model/view-lag.ts';

/** How far the views are behind, read anew for each scrape, and how large and quick the batches are. */
export class ProjectorMetrics {
  private readonly batchEvents: Histogram;
  private readonly batchSeconds: Histogram;

  constructor(registry: Registry, readLag: () => Promise<ViewLag[]>) {
    const registers = [registry];
    this.batchEvents = new Histogram({
      name: 'projector_batch_events',
      help: 'Events in one transaction',
      buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500],
      registers,
    });
    this.batchSeconds = new Histogram({
      name: 'projector_batch_duration_seconds',
      help: 'Time to fold and write one batch',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    });
    // One read for all gauges of a scrape.
    let reading: Promise<ViewLag[]> | undefined;
    const lag = () => (reading ??= readLag().finally(() => (reading = undefined)));
    const gauge = (name: string, help: string, valueOf: (view: ViewLag) => number) =>
      new Gauge({
        name,
        help,
        labelNames: ['view'],
        registers,
        async collect() {
          // Where the lag can't be read there is no figure, rather than an old one.
          this.reset();
          for (const view of await lag().catch(() => [])) this.set({ view: view.view }, valueOf(view));
        },
      });
    gauge('projector_view_lag_events', `Events that the view has not folded yet; ${LAG_EVENTS_MAX} stands for so many or more`, (view) => view.lagEvents);
    gauge('projector_view_lag_seconds', 'How long the next event has waited', (view) => view.lagSeconds);
    gauge('projector_view_failing', '1 where the view can not fold its next event', (view) => (view.error === null ? 0 : 1));
    measureTrouble(registry, lag);
  }

  moved(events: number, seconds: number): void {
    this.batchEvents.observe(events);
    this.batchSeconds.observe(seconds);
  }
}
