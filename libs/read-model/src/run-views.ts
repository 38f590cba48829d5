import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { RecordedEvent } from '#domain/event.ts';
import { eventsAbove } from '#event-store/event-at.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { positionsNotHeld } from '#event-store/holds-position.ts';
import { faultPoint } from '#platform/fault-point.ts';
import { applyBatch } from './apply-batch.ts';
import { createCheckpoints, lockCheckpoints, markFailing, moveCheckpoints, readCheckpoints } from './checkpoints.ts';
import { inTransaction, isTransient } from './database.ts';
import { LogFeed } from './log-feed.ts';
import { viewId, type View } from './view.ts';

export interface RunViewsOptions {
  store: EventStore;
  /** A pool made by `openPool`, of two connections or more. */
  pool: pg.Pool;
  views: readonly View[];
  /** Ends the run after the batch in hand. */
  signal: AbortSignal;
  /** Most events in one transaction; 2,000 unless given. */
  batchSize?: number;
  report?: RunReport;
}

/** What logs and metrics may want to know. */
export interface RunReport {
  moved?(views: readonly View[], events: number, milliseconds: number): void;
  failing?(view: View, event: RecordedEvent, error: Error): void;
  recovered?(view: View): void;
  /** The database or the log can't be used just now; tried again after a while. */
  waiting?(error: Error, milliseconds: number): void;
}

/**
 * Keeps views up with the log until the signal aborts. Views at the same position are a group and move together, in
 * one transaction. The group in front follows the log as it grows; between its batches each group behind takes one
 * of its own, until it has caught up and is part of the group in front. A view that can't fold an event stays just
 * before it and tries again, ever more rarely; the others go on.
 *
 * @throws what is neither passing trouble nor a view's own failure, such as missing tables, or a view that has folded
 *   what the log does not hold any more.
 */
export async function runViews(options: RunViewsOptions): Promise<void> {
  const run: Run = { batchSize: BATCH_SIZE, report: {}, ...options, tracks: [] };
  await untilItWorks(run, () => findPlaces(run));
  const feed = new LogFeed(run.store, run.signal, run.batchSize);
  try {
    while (!run.signal.aborted) await untilItWorks(run, () => oneRound(run, feed));
  } finally {
    feed.close();
  }
}

/**
 * Brings one view from where it stands to the end of the log as that is now, or to the next event that it can't fold,
 * which is tried at once; then `readCheckpoints` tells which. A projector that runs meanwhile finds it moved.
 *
 * @throws what `runViews` throws, and passing trouble too
 */
export async function retryView({ view, ...options }: Omit<RunViewsOptions, 'views'> & { view: View }): Promise<void> {
  const run: Run = { batchSize: BATCH_SIZE, report: {}, ...options, views: [view], tracks: [] };
  await findPlaces(run);
  const [track] = run.tracks as [Track];
  const head = await run.store.head();
  while (track.position < head && track.attempts === 0 && !run.signal.aborted) {
    const events = await eventsAbove(run.store, track.position, run.batchSize);
    if (events.length === 0) return;
    await move(run, [track], { after: track.position, events });
  }
}

/** Only a view that is behind sees so many at once: one write for many changes of a row makes it twice as fast as 500 (measured). */
const BATCH_SIZE = 2_000;
const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 10_000;

interface Run extends Required<RunViewsOptions> {
  tracks: Track[];
}

/** Where one view stands. */
interface Track {
  view: View;
  position: number;
  /** How often the next event has failed; 0 where it has not been tried or works. */
  attempts: number;
  /** When to try again, in milliseconds of `performance.now()`. */
  dueAt: number;
}

/** Events that follow one another, and the position just before them. */
interface Batch {
  after: number;
  events: readonly RecordedEvent[];
}

async function findPlaces(run: Run): Promise<void> {
  await createCheckpoints(run.pool, run.views);
  const checkpoints = await readCheckpoints(run.pool, run.views);
  const notHeld = await positionsNotHeld(run.store, checkpoints.map(({ position }) => position));
  for (const { view, position } of checkpoints) {
    if (!notHeld.has(position)) continue;
    throw new Error(`${view} stands at ${position}, where the log has no event (it has lost its end, or is another log): rebuild the view`);
  }
  run.tracks = run.views.map((view, n) => ({ view, position: checkpoints[n]!.position, attempts: 0, dueAt: 0 }));
}

async function oneRound(run: Run, feed: LogFeed): Promise<void> {
  for (const group of groupsBehind(run.tracks)) await catchUp(run, group);
  const front = groupInFront(run.tracks);
  const nextDueAt = Math.min(...groupsBehind(run.tracks).map(([track]) => track!.dueAt));
  const waitMs = Math.max(0, nextDueAt - performance.now());
  if (front.length === 0) return await sleep(waitMs, run.signal);
  const after = front[0]!.position;
  const events = await feed.next(after, waitMs);
  if (events.length > 0) await move(run, front, { after, events });
}

/** The healthy views that are furthest; none while every view fails. */
function groupInFront(tracks: Track[]): Track[] {
  const healthy = tracks.filter((track) => track.attempts === 0);
  const position = Math.max(...healthy.map((track) => track.position));
  return healthy.filter((track) => track.position === position);
}

/** All others, by position; a failing view goes alone. */
function groupsBehind(tracks: Track[]): Track[][] {
  const front = groupInFront(tracks);
  const behind = tracks.filter((track) => !front.includes(track));
  const groups = Map.groupBy(behind, (track) => (track.attempts > 0 ? viewId(track.view) : track.position));
  return [...groups.values()];
}

/**
 * One batch for a group behind, if it is due: up to the group in front, so that they can become one. A failing view
 * tries its next event alone.
 */
async function catchUp(run: Run, group: Track[]): Promise<void> {
  const { position: after, attempts, dueAt } = group[0]!;
  if (dueAt > performance.now()) return;
  const events = await run.store.readAll(after, attempts > 0 ? 1 : run.batchSize);
  if (events.length === 0) return putOff(group);
  const front = groupInFront(run.tracks)[0]?.position ?? 0;
  const upToFront = events.filter((event) => event.position <= front);
  await move(run, group, { after, events: upToFront.length > 0 ? upToFront : events });
}

/** Moves a group over a batch; a view that fails drops out and goes on alone as far as it can. */
async function move(run: Run, group: Track[], batch: Batch): Promise<void> {
  let left = group;
  while (left.length > 0) {
    const failure = await moveTogether(run, left, batch);
    if (failure === undefined) return;
    left = left.filter((track) => track !== failure.track);
    await moveToFailingEvent(run, failure, batch);
  }
}

/** Finds the failing event by halving the batch, having moved over all before it, and writes it down. */
async function moveToFailingEvent(run: Run, failure: ViewFailure, batch: Batch): Promise<void> {
  const { track } = failure;
  let { after, events } = batch;
  let { error } = failure;
  while (events.length > 1) {
    const half = events.slice(0, Math.floor(events.length / 2));
    const failed = await moveTogether(run, [track], { after, events: half });
    if (failed) {
      error = failed.error;
      events = half;
    } else {
      after = half.at(-1)!.position;
      if (track.position !== after) return;
      events = events.slice(half.length);
    }
  }
  const [event] = events as [RecordedEvent];
  putOff([track]);
  run.report.failing?.(track.view, event, error);
  await markFailing(run.pool, track.view, track.position, event, error.message);
}

interface ViewFailure {
  track: Track;
  error: Error;
}

/** One transaction. A view that another projector has moved meanwhile only learns where it stands. */
async function moveTogether(run: Run, group: Track[], batch: Batch): Promise<ViewFailure | undefined> {
  const startedAt = performance.now();
  const last = batch.events.at(-1)!;
  let failing: Track | undefined;
  try {
    const stoodAt = await inTransaction(run.pool, async (client) => {
      const positions = await lockCheckpoints(client, viewsOf(group));
      const here = group.filter((track) => positions.get(viewId(track.view)) === batch.after);
      for (const track of here) {
        failing = track;
        await applyBatch(client, track.view, batch.events);
        failing = undefined;
      }
      if (here.length > 0) await moveCheckpoints(client, viewsOf(here), last);
      faultPoint('projector.applied');
      return positions;
    });
    faultPoint('projector.committed');
    const moved = group.filter((track) => settle(run, track, stoodAt.get(viewId(track.view)), batch.after, last.position));
    if (moved.length > 0) run.report.moved?.(viewsOf(moved), batch.events.length, performance.now() - startedAt);
    return undefined;
  } catch (error) {
    if (failing === undefined || isTransient(error)) throw error;
    return { track: failing, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Takes over where the view stands now; true if it is this batch that brought it there. */
function settle(run: Run, track: Track, stoodAt: number | undefined, after: number, movedTo: number): boolean {
  if (stoodAt === undefined) throw new Error(`the checkpoint of ${viewId(track.view)} is gone`);
  const moved = stoodAt === after;
  track.position = moved ? movedTo : stoodAt;
  if (track.attempts > 0) run.report.recovered?.(track.view);
  track.attempts = 0;
  track.dueAt = 0;
  return moved;
}

function putOff(group: Track[]): void {
  for (const track of group) {
    track.attempts += 1;
    track.dueAt = performance.now() + backOff(track.attempts);
  }
}

function viewsOf(group: Track[]): View[] {
  return group.map((track) => track.view);
}

/** Repeats work that meets passing trouble, until it works or the run is to end. */
async function untilItWorks(run: Run, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; !run.signal.aborted; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error)) throw error;
      const waitMs = backOff(attempt);
      run.report.waiting?.(error as Error, waitMs);
      await sleep(waitMs, run.signal);
    }
  }
}

function backOff(attempt: number): number {
  return Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** (attempt - 1));
}

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await pause(Math.min(milliseconds, RETRY_LAST_MS), undefined, { signal }).catch(() => undefined);
}
