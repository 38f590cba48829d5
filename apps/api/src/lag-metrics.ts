import { setTimeout as after } from 'node:timers/promises';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Gauge } from 'prom-client';
import type { EventStore } from '#event-store/event-store.ts';
import { LAG_EVENTS_MAX, logLag, type LogLag } from '#event-store/log-lag.ts';
import { publishedPosition } from '#messaging/postgres/published-position.ts';
import type { Metrics } from '#platform/metrics.module.ts';
import { openPool } from '#read-model/database.ts';
import { measureTrouble } from '#read-model/trouble-gauges.ts';
import { readViewLag, type ViewLag } from '#read-model/view-lag.ts';
import { views } from '#read-model/views.ts';

interface Lag {
  /** `commitments_v1`, `publisher` */
  follower: string;
  events: number;
  seconds: number;
}

interface Followers {
  views: ViewLag[];
  /** Undefined before one has run. */
  publisher: LogLag | undefined;
}

/**
 * How far what follows the log is behind it, read anew for each scrape. Where it can't be read in time there is no
 * figure: neither an old one, nor a scrape that fails.
 */
export class LagMetrics implements OnApplicationShutdown {
  readonly #pool: ReturnType<typeof openPool>;
  #reading: Promise<Followers> | undefined;

  constructor(
    private readonly store: EventStore,
    databaseUrl: string,
    { registry }: Metrics,
  ) {
    // Its own, so that it neither waits for queries nor takes from them.
    this.#pool = openPool(databaseUrl, 1);
    const read = () => this.#inTime();
    const gauge = (name: string, help: string, valueOf: (lag: Lag) => number) =>
      new Gauge({
        name,
        help,
        labelNames: ['follower'],
        registers: [registry],
        async collect() {
          this.reset();
          for (const lag of lagsOf(await read())) this.set({ follower: lag.follower }, valueOf(lag));
        },
      });
    const who = 'a view, or the publisher once one has run';
    gauge('ledger_lag_events', `Events that ${who}, has not passed yet; ${LAG_EVENTS_MAX} stands for so many or more`, ({ events }) => events);
    gauge('ledger_lag_seconds', `How long the next event has waited for ${who}`, ({ seconds }) => seconds);
    measureTrouble(registry, async () => (await read()).views);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#pool.end();
  }

  async #inTime(): Promise<Followers> {
    // One read for all gauges of a scrape; one that hangs is waited for, not piled up.
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return Promise.race([this.#reading.catch(() => NONE), after(READ_MS_MAX, NONE, { ref: false })]);
  }

  async #read(): Promise<Followers> {
    const ofViews = await readViewLag(this.store, this.#pool, views);
    const published = await publishedPosition(this.#pool);
    return { views: ofViews, publisher: published === undefined ? undefined : await logLag(this.store, published) };
  }
}

const NONE: Followers = { views: [], publisher: undefined };
const READ_MS_MAX = 1_000;

function lagsOf({ views: ofViews, publisher }: Followers): Lag[] {
  const lags = ofViews.map(({ view, lagEvents, lagSeconds }) => ({ follower: view, events: lagEvents, seconds: lagSeconds }));
  return publisher ? [...lags, { follower: 'publisher', ...publisher }] : lags;
}
