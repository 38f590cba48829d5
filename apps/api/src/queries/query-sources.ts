import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '#event-store/event-store.ts';
import { Problem } from '#platform/problem.ts';
import { KeptFigures } from '#read-model/queries/kept-figures.ts';
import { NotYetError, ReadModel, TooManyReadingsError, WAIT_MS_MAX, type Reading } from '#read-model/queries/read-model.ts';
import type { View } from '#read-model/view.ts';
import { EVENT_STORE } from '../event-store.module.ts';
import { refuseParameter } from './query-parameters.ts';
import { Streams } from '../streams.ts';

/** Where one answer comes from: one record from its stream in the log, lists and figures from the views. */
export class QuerySources {
  readonly store: EventStore;
  readonly streams: Streams;
  readonly figures: KeptFigures;
  /** What the views that were read for this answer have stepped over: `commitments_v1@17`. */
  readonly parked = new Set<string>();

  constructor(private readonly shared: SharedSources) {
    ({ store: this.store, streams: this.streams, figures: this.figures } = shared);
  }

  /** The position that a query's `asOf` or `atPosition` means; undefined for "now". */
  async positionOf(query: { asOf?: Date | undefined; atPosition?: number | undefined }): Promise<number | undefined> {
    if (query.asOf === undefined) return query.atPosition;
    if (query.atPosition !== undefined) refuseParameter('atPosition', 'conflict', 'is given instead of asOf, not beside it');
    return this.store.positionAt(query.asOf);
  }

  /** For what is read from the log itself: waits until its head is there. @throws Problem QUERY.NOT_YET (503) */
  logHas(minPosition: number | undefined): Promise<void> {
    return this.shared.logHas(minPosition);
  }

  /** Reads views in one snapshot, not before they have come to `minPosition`. @throws Problem QUERY.NOT_YET, SERVICE.BUSY (503) */
  async read<T>(views: readonly View[], minPosition: number | undefined, reading: Reading<T>): Promise<{ value: T; position: number }> {
    try {
      const { value, position, parked } = await this.shared.readModel.read(views, minPosition ?? 0, reading);
      for (const one of parked) this.parked.add(one);
      return { value, position };
    } catch (error) {
      if (error instanceof NotYetError) throw notYet(error);
      if (error instanceof TooManyReadingsError) throw new Problem(503, 'SERVICE.BUSY', 'too many queries are waiting just now; try again', { headers: { 'retry-after': '1' } });
      throw error;
    }
  }
}

/** What all answers share. */
@Injectable()
export class SharedSources {
  readonly figures = new KeptFigures();
  #looking: Promise<number> | undefined;

  constructor(
    @Inject(EVENT_STORE) readonly store: EventStore,
    readonly streams: Streams,
    readonly readModel: ReadModel,
  ) {}

  /** For what is read from the log itself: waits until its head is there. @throws Problem QUERY.NOT_YET (503) */
  async logHas(minPosition: number | undefined): Promise<void> {
    if (minPosition === undefined) return;
    const deadline = Date.now() + WAIT_MS_MAX;
    for (let head = await this.store.head(); head < minPosition; head = await this.headSoon()) if (Date.now() >= deadline) throw notYet();
  }

  /** One look at the log for all who wait, however many they are. */
  private headSoon(): Promise<number> {
    this.#looking ??= pause(HEAD_POLL_MS)
      .then(() => this.store.head())
      .finally(() => (this.#looking = undefined));
    return this.#looking;
  }
}

const HEAD_POLL_MS = 50;

function notYet(cause?: Error): Problem {
  return new Problem(503, 'QUERY.NOT_YET', 'the answer does not reach up to minPosition yet; ask again', { headers: { 'retry-after': '1' }, cause });
}
