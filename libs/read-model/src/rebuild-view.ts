import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { RecordedEvent } from '#domain/event.ts';
import { eventAt, eventsAbove } from '#event-store/event-at.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { faultPoint } from '#platform/fault-point.ts';
import { applyBatch } from './apply-batch.ts';
import { type Checkpoint, createCheckpoints, lockCheckpoints, moveCheckpoints, readCheckpoints } from './checkpoints.ts';
import { inTransaction, isTransient } from './database.ts';
import { Filling, WRITES_BEHIND_MAX, type Written } from './filling.ts';
import { forgetParkedEvents } from './parked-events.ts';
import { fillRollup } from './rollup.ts';
import { qualifiedTablesOf, tablesOf, viewId, viewSchema, type View } from './view.ts';

export interface RebuildOptions {
  store: EventStore;
  /** A pool made by `openPool`, of three connections or more. */
  pool: pg.Pool;
  /** Gives up after the batch in hand; the views that are not done stay as they were. */
  signal?: AbortSignal;
  /** Position reached by all, and the position to reach: places in the log, not numbers of events. */
  progress?(done: number, head: number): void;
}

/** @throws {Error} why the view could not be rebuilt */
export async function rebuildView({ view, ...options }: RebuildOptions & { view: View }): Promise<void> {
  const [failure] = await rebuildViews({ ...options, views: [view] });
  if (failure) throw failure.error;
}

/**
 * Fills the views' tables anew in one reading of the log, beside the old ones, which serve and move on meanwhile; then
 * changes each view over at the position at which its old tables stand, in one transaction. What a killed rebuild left
 * is dropped. Where the old tables had folded what the log has lost since, the view stands at the last event that is left.
 * Events that the old tables had stepped over are folded like any other.
 *
 * @returns the views that stay as they were, and why: one is being rebuilt already, can't fold an event, or could not be
 *   changed over. They do not keep the others from it.
 * @throws {Error} when database or log is away, or the signal aborts
 */
export async function rebuildViews({ views, ...options }: RebuildOptions & { views: readonly View[] }): Promise<RebuildFailure[]> {
  const session = await options.pool.connect();
  const ignore = () => undefined;
  session.on('error', ignore);
  try {
    await createCheckpoints(options.pool, views);
    // A crash loses nothing that counts: the rebuild begins again.
    await session.query('set synchronous_commit = off');
    const rebuilds = views.map((view): Rebuild => ({ ...options, view, session, filling: new Filling(view, nextSchema(view)), target: 0, reached: 0, failure: undefined }));
    await eachLeft(rebuilds, lockAlone);
    await eachLeft(rebuilds, createNextTables);
    await fill(options, rebuilds);
    await eachLeft(rebuilds, finish);
    return rebuilds.flatMap(({ view, failure }) => (failure ? [{ view, error: failure }] : []));
  } finally {
    session.off('error', ignore);
    // The locks are the session's: end it rather than give them back.
    session.release(true);
  }
}

export interface RebuildFailure {
  view: View;
  error: Error;
}

/** Of one view's rebuild, in this process. */
interface Rebuild extends RebuildOptions {
  view: View;
  /** Of its own, for all views; no transaction, since nobody looks at half a rebuild. */
  session: pg.ClientBase;
  filling: Filling;
  /** Where the old tables stood when the filling began. */
  target: number;
  /** Position of the last event in the new tables. */
  reached: number;
  failure: Error | undefined;
}

/** Small enough for most of what comes and goes with a batch to die young. */
const BATCH_SIZE = 500;
const CHANGE_OVER_ATTEMPTS_MAX = 50;
const CHANGE_OVER_PAUSE_MS = 200;
const LOCK_NOT_AVAILABLE = '55P03';

function nextSchema(view: View): string {
  return `${viewSchema(view)}_next`;
}

/** Does a piece of work for each view that has not failed; what can't be done for one fails that one alone. */
async function eachLeft(rebuilds: readonly Rebuild[], work: (rebuild: Rebuild) => Promise<void>): Promise<void> {
  for (const rebuild of rebuilds) {
    if (rebuild.failure) continue;
    rebuild.signal?.throwIfAborted();
    try {
      await work(rebuild);
    } catch (error) {
      if (rebuild.signal?.aborted || isTransient(error)) throw error;
      rebuild.failure = error instanceof Error ? error : new Error(String(error));
    }
  }
}

/** Holds a lock while the session lasts, so that a view is rebuilt once at a time; it ends with the process. */
async function lockAlone({ session, view }: Rebuild): Promise<void> {
  const locked = await session.query<{ held: boolean }>('select pg_try_advisory_lock(hashtextextended($1, 0)) as held', [nextSchema(view)]);
  if (!locked.rows[0]!.held) throw new Error(`${viewId(view)} is being rebuilt already`);
}

/** With the triggers, and the indexes by which rows are found while they are filled in; the others cost half when they are made at the end. */
async function createNextTables({ pool, view }: Rebuild): Promise<void> {
  const from = viewSchema(view);
  const to = nextSchema(view);
  await inTransaction(pool, async (client) => {
    await client.query(`drop schema if exists ${to} cascade`);
    await client.query(`create schema ${to}`);
    for (const table of tablesOf(view)) {
      await client.query(`create table ${to}.${table} (like ${from}.${table} including all excluding indexes)`);
      for (const { definition } of (await indexesOf(client, view, table)).filter(isNeededToFill)) await client.query(definition);
    }
    for (const definition of await triggersOf(client, view)) await client.query(definition);
  });
}

interface Index {
  name: string;
  /** SQL that makes the same, under the same name, for the next tables. */
  definition: string;
}

function isNeededToFill({ name }: Index): boolean {
  return name === 'rows_current' || name === 'counted_current';
}

/** One by one, because `including indexes` would make up new names, and migrations go by the names. */
async function indexesOf(client: pg.ClientBase, view: View, table: string): Promise<Index[]> {
  const [from, to] = [`${viewSchema(view)}.${table}`, `${nextSchema(view)}.${table}`];
  const found = await client.query<Index>(INDEX_DEFINITIONS, [viewSchema(view), table]);
  return found.rows.map(({ name, definition }) => ({ name, definition: definition.replaceAll(from, to) }));
}

const INDEX_DEFINITIONS = `
  select (select relname from pg_class where oid = i.indexrelid) as name,
         case when c.conname is null then pg_get_indexdef(i.indexrelid)
              else format('alter table %s.%s add constraint %I %s', $1::text, $2::text, c.conname, pg_get_constraintdef(c.oid)) end
         as definition
  from pg_index i
  left join pg_constraint c on c.conindid = i.indexrelid and c.conrelid = i.indrelid and c.contype in ('p', 'u', 'x')
  where i.indrelid = format('%s.%s', $1::text, $2::text)::regclass`;

async function triggersOf(client: pg.ClientBase, view: View): Promise<string[]> {
  const [from, to] = [`${viewSchema(view)}.rows`, `${nextSchema(view)}.rows`];
  const found = await client.query<{ definition: string }>('select pg_get_triggerdef(oid) as definition from pg_trigger where tgrelid = $1::regclass and not tgisinternal', [from]);
  return found.rows.map(({ definition }) => definition.replace(from, to));
}

/** Folds the log, from its beginning up to where the old tables stand, into all views at once: each event is read once. */
async function fill({ store, pool, signal, progress }: RebuildOptions, rebuilds: readonly Rebuild[]): Promise<void> {
  await eachLeft(rebuilds, async (rebuild) => void (rebuild.target = await standsAt(rebuild)));
  const target = Math.max(0, ...rebuilds.map((rebuild) => rebuild.target));
  let position = 0;
  let coming = readAhead(store, position);
  /** Under way, one after the other: while they are written, the next batches are read and folded. */
  const writes: Promise<void>[] = [];
  try {
    while (position < target) {
      signal?.throwIfAborted();
      const events = upTo(target, await coming);
      if (events.length === 0) break;
      position = events.at(-1)!.position;
      if (position < target) coming = readAhead(store, position);
      const written = new Map<Rebuild, Written>();
      await eachLeft(rebuilds, async (rebuild) => {
        const here = upTo(rebuild.target, events);
        written.set(rebuild, await rebuild.filling.fold(pool, here));
        rebuild.reached = here.at(-1)?.position ?? rebuild.reached;
      });
      if (writes.length === WRITES_BEHIND_MAX) await writes.shift();
      const writing = (writes.at(-1) ?? Promise.resolve()).then(() => writeAll(written));
      writing.catch(() => undefined);
      writes.push(writing);
      progress?.(position, target);
    }
  } finally {
    await writes.at(-1);
  }
  await writeAll(new Map(rebuilds.map((rebuild) => [rebuild, rebuild.filling.rest()])));
  await coming;
}

async function writeAll(written: ReadonlyMap<Rebuild, Written>): Promise<void> {
  await eachLeft([...written.keys()], (rebuild) => rebuild.filling.write(rebuild.session, written.get(rebuild)!));
}

/** A transaction whose loss in a crash costs nothing. */
async function rebuilding(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query('set local synchronous_commit = off');
    await work(client);
  });
}

/** From filled rows to a view in use. */
async function finish(rebuild: Rebuild): Promise<void> {
  const { session, view, signal } = rebuild;
  await session.query(`analyze ${nextSchema(view)}.rows`);
  // The rollup is summed here, the rows' indexes are made by the server: side by side.
  const completed = await Promise.allSettled(tablesOf(view).map((table) => complete(rebuild, table)));
  for (const one of completed) if (one.status === 'rejected') throw one.reason;
  let position = rebuild.reached;
  for (let attempt = 1; attempt <= CHANGE_OVER_ATTEMPTS_MAX; attempt++) {
    position = await catchUp(rebuild, position);
    if (await changeOver(rebuild, position)) return;
    await pause(CHANGE_OVER_PAUSE_MS, undefined, { signal });
  }
  throw new Error(`${viewId(view)} could not be changed over: its tables are in use all the time`);
}

/** Gives a table what it was filled without. */
async function complete({ pool, view }: Rebuild, table: string): Promise<void> {
  await rebuilding(pool, async (client) => {
    await client.query(`set local maintenance_work_mem = '256MB'`);
    if (table === 'rollup') await fillRollup(client, view, nextSchema(view));
    if (table !== 'rows') await client.query(`analyze ${nextSchema(view)}.${table}`);
    for (const index of (await indexesOf(client, view, table)).filter((one) => !isNeededToFill(one))) await client.query(index.definition);
  });
}

/** Brings the filled tables forward, from a position to where the old ones stand by now; answers the position reached. */
async function catchUp(rebuild: Rebuild, from: number): Promise<number> {
  const { store, pool, view, signal } = rebuild;
  let position = from;
  for (let target = await standsAt(rebuild); position < target; target = await standsAt(rebuild)) {
    signal?.throwIfAborted();
    const events = upTo(target, await eventsAbove(store, position, BATCH_SIZE));
    if (events.length === 0) return position;
    await rebuilding(pool, (client) => applyBatch(client, view, events, nextSchema(view)));
    position = events.at(-1)!.position;
  }
  return position;
}

function readAhead(store: EventStore, after: number): Promise<RecordedEvent[]> {
  const coming = eventsAbove(store, after, BATCH_SIZE);
  // Whoever waits for it meets the error; until then nobody may be waiting.
  coming.catch(() => undefined);
  return coming;
}

async function standsAt({ pool, view }: Rebuild): Promise<number> {
  const [checkpoint] = await readCheckpoints(pool, [view]);
  return checkpoint!.position;
}

function upTo(position: number, events: RecordedEvent[]): RecordedEvent[] {
  return events.filter((event) => event.position <= position);
}

/**
 * Folds the last events and puts the new tables in the place of the old ones, with the projector held back by the
 * checkpoint's lock. False where readers keep the old tables busy or too much has happened since: try again.
 */
async function changeOver({ store, pool, view }: Rebuild, position: number): Promise<boolean> {
  const current = viewSchema(view);
  const old = `${current}_old`;
  try {
    return await inTransaction(pool, async (client) => {
      await client.query(`set local lock_timeout = '1s'`);
      const target = (await lockCheckpoints(client, [view])).get(viewId(view))!;
      const page = await eventsAbove(store, position, BATCH_SIZE);
      if (page.length > 0 && page.at(-1)!.position < target) return false;
      const events = upTo(target, page);
      await applyBatch(client, view, events, nextSchema(view));
      const reached = events.at(-1)?.position ?? position;
      if (reached < target) await moveCheckpoints(client, [view], await placeAt(store, reached));
      // Readers that have a snapshot already would see the new tables as of then, half filled: wait until they are done.
      await client.query(`lock table ${qualifiedTablesOf(view).join(', ')} in access exclusive mode`);
      await client.query(`alter schema ${current} rename to ${old}`);
      await client.query(`alter schema ${nextSchema(view)} rename to ${current}`);
      await client.query(`drop schema ${old} cascade`);
      await forgetParkedEvents(client, view);
      faultPoint('rebuild.swapping');
      return true;
    });
  } catch (error) {
    if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

async function placeAt(store: EventStore, position: number): Promise<Pick<Checkpoint, 'position' | 'recordedAt'>> {
  if (position === 0) return { position, recordedAt: null };
  return (await eventAt(store, position))!;
}
