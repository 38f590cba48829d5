import { Gauge, type Registry } from 'prom-client';
import { shortened, type Standing } from './checkpoints.ts';

/** Which views fail, at what and why, and how many events each has stepped over. `read` is asked for each gauge of a scrape; where it fails there is no figure. */
export function measureTrouble(registry: Registry, read: () => Promise<readonly Standing[]>): void {
  new Gauge({
    name: 'ledger_view_failing_event',
    help: '1 for the event that a view can not fold and stands before; nothing for views that go on',
    labelNames: ['view', 'position', 'stream', 'event_type', 'error'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const { view, error, errorPosition, errorStream, errorEventType } of await read().catch(() => []))
        if (error !== null) this.set({ view, position: errorPosition!, stream: errorStream ?? '', event_type: errorEventType!, error: shortened(error) }, 1);
    },
  });
  new Gauge({
    name: 'ledger_view_parked_events',
    help: 'Events that a view was made to step over: its answers lack them',
    labelNames: ['view'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const { view, parkedEvents } of await read().catch(() => [])) this.set({ view }, parkedEvents);
    },
  });
}
