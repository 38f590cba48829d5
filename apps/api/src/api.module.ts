import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { EventStore } from '#event-store/event-store.ts';
import { CommandExecutor } from './commands/command-executor.ts';
import { CommandMetrics } from './commands/command-metrics.ts';
import { CommandsAtWork } from './commands/commands-at-work.ts';
import { EVENT_STORE } from './event-store.module.ts';
import { FeedController } from './feed/feed.controller.ts';
import { queryRoutes } from './queries/query-routes.ts';
import { SharedSources } from './queries/query-sources.ts';
import { commandRoutes } from './commands/command-routes.ts';
import { Streams } from './streams.ts';

/** HTTP: commands in, queries out. Holds no state but caches. */
@Module({
  imports: [CqrsModule.forRoot()],
  controllers: [...[...commandRoutes, ...queryRoutes].map((route) => route.controller), FeedController],
  providers: [
    CommandExecutor,
    CommandMetrics,
    CommandsAtWork,
    SharedSources,
    { provide: Streams, useFactory: (store: EventStore) => new Streams(store), inject: [EVENT_STORE] },
    ...[...commandRoutes, ...queryRoutes].map((route) => route.handler),
  ],
})
export class ApiModule {}
