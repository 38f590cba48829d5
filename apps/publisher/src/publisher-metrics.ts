import { Counter, Gauge, type Registry } from 'prom-client';
import type { EventStore } from '#event-store/event-store.ts';
import { LAG_EVENTS_MAX, logLag, type LogLag } from '#event-store/log-lag.ts';
import type { Publisher } from '#messaging/publisher.ts';

/** What the publisher does and how far it is behind, read anew for each scrape. */
export function measurePublisher(registry: Registry, publisher: Publisher, store: EventStore): void {
  const registers = [registry];
  // One read for both gauges of a scrape.
  let reading: Promise<LogLag> | undefined;
  const lag = () => (reading ??= logLag(store, publisher.status().position).finally(() => (reading = undefined)));
  const lagGauge = (name: string, help: string, valueOf: (lag: LogLag) => number) =>
    new Gauge({
      name, help, registers,
      async collect() {
        // Only who leads, or led until it was stuck, knows; where the lag can't be read there is no figure, rather than an old one.
        this.reset();
        this.remove();
        const found = ['publishing', 'refusing'].includes(publisher.status().phase) ? await lag().catch(() => undefined) : undefined;
        if (found) this.set(valueOf(found));
      },
    });
  lagGauge('publisher_lag_events', `Events, public or not, that the publisher has not passed yet; ${LAG_EVENTS_MAX} stands for so many or more`, ({ events }) => events);
  lagGauge('publisher_lag_seconds', 'How long the next event has waited', ({ seconds }) => seconds);

  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({ name, help, registers, collect() { this.set(value()); } });
  gauge('publisher_leader', '1 where this process publishes, 0 where it stands by', () =>
    Number(['resuming', 'publishing'].includes(publisher.status().phase)));
  gauge('publisher_stuck', '1 where something keeps it from publishing; /health/ready tells what', () =>
    Number(publisher.status().trouble !== undefined));

  new Gauge({
    name: 'publisher_refused_event',
    help: '1 for the event that can not be published and that the publisher stands before; nothing while it goes on',
    labelNames: ['position', 'stream', 'event_type', 'error'],
    registers,
    collect() {
      this.reset();
      const { refused } = publisher.status();
      if (refused) this.set({ position: refused.position, stream: refused.stream, event_type: refused.type, error: (refused.cause as Error).message.slice(0, 200) }, 1);
    },
  });

  const counter = (name: string, help: string, value: () => number) =>
    new Counter({ name, help, registers, collect() { this.reset(); this.inc(value()); } });
  counter('publisher_sends_total', 'Requests that Kafka acknowledged', () => publisher.status().sends);
  counter('publisher_records_total', 'Records that Kafka acknowledged', () => publisher.status().records);
}
