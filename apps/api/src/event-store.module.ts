import { Global, Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import type { EventStore } from '#event-store/event-store.ts';

/** Injects the log: `@Inject(EVENT_STORE) store: EventStore`. */
export const EVENT_STORE = Symbol('EventStore');

/** The log, for everyone, closed when requests under way are done. */
@Global()
@Module({})
export class EventStoreModule implements OnApplicationShutdown {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  static of(store: EventStore): DynamicModule {
    const provider = { provide: EVENT_STORE, useValue: store };
    return { module: EventStoreModule, providers: [provider], exports: [provider] };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}
