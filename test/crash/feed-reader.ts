import { setTimeout as delay } from 'node:timers/promises';
import type { CloudEvent } from '#contracts/published.ts';
import { type ServerSentEvent, serverSentEventsOf } from '#testing/server-sent-events.ts';
import type { Site } from './site.ts';

const AGAIN_MS = 300;
/** A stream that is silent for longer than its heartbeat is dead. */
const SILENCE_MS = 20_000;

/** Follows the feed by server-sent events, and resumes after the last id whenever its stream ends, at whichever API answers. */
export class FeedReader {
  /** Sequences in the order in which they came. */
  readonly seen: string[] = [];
  /** Sequences that the log has published: filled in by whoever reads the log. */
  readonly expected: string[] = [];
  connections = 0;
  private lastId = '';
  private readonly stopping = new AbortController();
  private readonly run: Promise<void>;

  constructor(private readonly site: Site) {
    this.run = this.follow();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.run;
  }

  private async follow(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const apis = this.site.of('api');
      await this.readStream(apis[this.connections % apis.length]!.url).catch(() => undefined);
      await delay(AGAIN_MS);
    }
  }

  private async readStream(url: string): Promise<void> {
    const silent = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, silent.signal]);
    this.connections += 1;
    const headers: Record<string, string> = { accept: 'text/event-stream', ...(this.lastId && { 'last-event-id': this.lastId }) };
    const timer = setTimeout(() => silent.abort(), SILENCE_MS);
    try {
      const response = await fetch(`${url}/v1/feed`, { headers, signal });
      if (!response.ok) throw new Error(`the feed answers ${response.status}`);
      for await (const message of serverSentEventsOf(response)) {
        timer.refresh();
        this.take(message);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** An id without data tells only how far the feed has come. */
  private take({ id, data }: ServerSentEvent): void {
    this.lastId = id ?? this.lastId;
    if (data !== undefined) this.seen.push((JSON.parse(data) as CloudEvent).sequence);
  }
}
