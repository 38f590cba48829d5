import type { CloudEvent } from '#contracts/published.ts';
import { serverSentEventsOf } from '#testing/server-sent-events.ts';

const FOLLOW_MS_MAX = 30_000;

/** A subscriber of the feed by server-sent events, as one that remembers the id of the last event and no more. */
export class FeedSubscriber {
  /** Of each event that came, in the order in which they came. */
  readonly sequences: string[] = [];
  private lastEventId: string | undefined;

  constructor(private url: string) {}

  /** Connects where it left off, and follows until it holds so many events. @throws Error where they don't come in time */
  async follow(count: number): Promise<void> {
    const ended = new AbortController();
    const response = await this.connect(AbortSignal.any([ended.signal, AbortSignal.timeout(FOLLOW_MS_MAX)]));
    if (!response.ok) throw new Error(`the feed answers ${response.status}`);
    for await (const { id, data } of serverSentEventsOf(response)) {
      this.lastEventId = id ?? this.lastEventId;
      if (data !== undefined) this.sequences.push((JSON.parse(data) as CloudEvent).sequence);
      if (this.sequences.length >= count) break;
    }
    ended.abort();
    if (this.sequences.length !== count) throw new Error(`${this.sequences.length} events came instead of ${count}`);
  }

  /** What the feed at another address says to its going on there. */
  async resume(url: string): Promise<{ status: number; body: any }> {
    this.url = url;
    const ended = new AbortController();
    const response = await this.connect(AbortSignal.any([ended.signal, AbortSignal.timeout(FOLLOW_MS_MAX)]));
    const answer = { status: response.status, body: response.ok ? undefined : await response.json() };
    ended.abort();
    return answer;
  }

  private connect(signal: AbortSignal): Promise<Response> {
    const headers = { accept: 'text/event-stream', ...(this.lastEventId !== undefined && { 'last-event-id': this.lastEventId }) };
    return fetch(`${this.url}/v1/feed`, { headers, signal });
  }
}
