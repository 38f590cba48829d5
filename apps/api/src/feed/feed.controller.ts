import { Readable } from 'node:stream';
import { Controller, Get, Header, Headers, Inject, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { CloudEvent } from '#contracts/published.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { Access } from '#platform/access.guard.ts';
import { Drain } from '#platform/drain.ts';
import { Problem } from '#platform/problem.ts';
import { EVENT_STORE } from '../event-store.module.ts';
import { limitOf, minPosition, Position } from '../queries/query-parameters.ts';
import { SharedSources } from '../queries/query-sources.ts';
import { readFeed } from './read-feed.ts';
import { serverSentEvents } from './server-sent-events.ts';

const FeedQuery = z.strictObject({
  after: Position.optional().describe('Only events above this position: `next` of the page before, or the sequence of an event; the beginning unless given'),
  limit: limitOf(100, 1000),
  minPosition,
});

const FeedJson = z.object({
  items: z.array(CloudEvent),
  next: z.int().describe('Give it as `after`. Rises past events that are not public, so a page may be empty before the end'),
  head: z.int().describe('Position of the last event of the log: the end is reached when `next` is there'),
});

/** Server-sent event streams that one process serves at once. */
const STREAMS_MAX = 100;
/** Of one actor, or of one address without a token: nobody shuts out the others. */
const STREAMS_OF_ONE_MAX = 10;

/** What is published, in the order of the log: the same events that Kafka carries. */
@Controller('v1')
@ApiTags('feed')
export class FeedController {
  /** Open streams by whose they are. */
  readonly #streams = new Map<string, number>();

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly sources: SharedSources,
    private readonly drain: Drain,
  ) {}

  @Get('feed')
  @Header('cache-control', 'no-store')
  @Access({ by: 'anyone' })
  @ApiOperation({ operationId: 'GetFeed', summary: 'Published events after a position; with Accept: text/event-stream from there on, without an end' })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Sequence after which server-sent events resume; goes before `after`', schema: { type: 'string' } })
  @ApiProduces('application/json', 'text/event-stream')
  @ApiResponse({ status: 200, standardSchema: FeedJson })
  @ApiResponse({ status: 409, description: 'FEED.BEYOND_THE_END: the log ends before the position to go on from' })
  async read(@Query({ schema: FeedQuery }) query: z.output<typeof FeedQuery>, @Headers() headers: Record<string, string | undefined>, @Res() reply: FastifyReply): Promise<void> {
    await this.sources.logHas(query.minPosition);
    const isStream = /(^|,)\s*text\/event-stream\b/i.test(headers['accept'] ?? '');
    const after = (isStream ? lastEventId(headers) : undefined) ?? query.after ?? 0;
    const head = await this.headBehind(after);
    if (isStream) return this.follow(after, reply);
    const page = await readFeed(this.store, after, query.limit, head);
    void reply.type('application/json; charset=utf-8').send(`{"items":[${page.items.join(',')}],"next":${page.next},"head":${page.head}}`);
  }

  /** The log's head. Who has seen more than there is follows another log, or one that has lost its end since: silence would look like no news. */
  private async headBehind(after: number): Promise<number> {
    const head = await this.store.head();
    if (after > head) throw new Problem(409, 'FEED.BEYOND_THE_END', `the log ends at ${head}, before the position to go on from`);
    return head;
  }

  private follow(after: number, reply: FastifyReply): void {
    const whose = reply.request.actor ? `actor ${reply.request.actor.id}` : `address ${reply.request.ip}`;
    const open = this.#streams.get(whose) ?? 0;
    const all = [...this.#streams.values()].reduce((sum, count) => sum + count, 0);
    if (open >= STREAMS_OF_ONE_MAX || all >= STREAMS_MAX) throw new Problem(503, 'FEED.BUSY', 'too many streams are open; try again, or read pages', { headers: { 'retry-after': '10' } });
    const closed = new AbortController();
    const stream = Readable.from(serverSentEvents(this.store, after, AbortSignal.any([this.drain.signal, closed.signal])), { highWaterMark: 1 });
    this.#streams.set(whose, open + 1);
    reply.raw.once('close', () => {
      const left = this.#streams.get(whose)! - 1;
      if (left > 0) this.#streams.set(whose, left);
      else this.#streams.delete(whose);
      closed.abort();
    });
    // Proxies must neither hold events back nor keep them.
    void reply.headers({ 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' }).send(stream);
  }
}

function lastEventId(headers: Record<string, string | undefined>): number | undefined {
  const id = headers['last-event-id'];
  if (id === undefined || id === '') return undefined;
  const position = Position.safeParse(id);
  if (position.success) return position.data;
  throw new Problem(400, 'REQUEST.INVALID_HEADER', 'Last-Event-ID must be the id of an event of this stream', {
    errors: [{ pointer: '/last-event-id', rule: 'format', message: 'must be a sequence' }],
  });
}
