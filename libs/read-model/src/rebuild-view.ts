import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { RecordedEvent } from '#domain/event.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { applyBatch } from './apply-batch.ts';
import { type Checkpoint, createCheckpoints, lockCheckpoints, moveCheckpoints, readCheckpoints } from './checkpoints.ts';
import { inTransaction } from './database.ts';
import { viewId, viewSchema, type View } from './view.ts';

export interface RebuildOptions {
  store: EventStore;
  /** A pool made by `openPool`, of two connections or more. */
  pool: pg.Pool;
  view: View;
  /** Gives up after the batch in hand; the view stays as it was. */
  signal?: AbortSignal;
  /** Position reached, and the position to reach. */
  progress?(done: number, head: number): void;
}

/**
 * Fills the view's tables anew from the log, beside the old ones, which serve and move on meanwhile; then changes
 * them over at the position at which the old ones stand, in one transaction. What a killed rebuild left is dropped.
 * Where the old ones had folded what the log has lost since, the view stands at the last event that is left.
 *
 * @throws {Error} where the view is being rebuilt already, can't fold an event, or could not be changed over.
 */
export async function rebuildView(options: RebuildOptions): Promise<void> {
  await alone(options, async () => {
    await createCheckpoints(options.pool, [options.view]);
    await createNextTables(options);
    let position = 0;
    for (let attempt = 1; attempt <= CHANGE_OVER_ATTEMPTS_MAX; attempt++) {
      position = await catchUp(options, position);
      await options.pool.query(tablesOf(options.view).map((table) => `analyze ${nextSchema(options.view)}.${table}`).join('; '));
      if (await changeOver(options, position)) return;
      await pause(CHANGE_OVER_PAUSE_MS, undefined, { signal: options.signal });
    }
    throw new Error(`${viewId(options.view)} could not be changed over: its tables are in use all the time`);
  });
}

const BATCH_SIZE = 1_000;
const CHANGE_OVER_ATTEMPTS_MAX = 50;
const CHANGE_OVER_PAUSE_MS = 200;
const LOCK_NOT_AVAILABLE = '55P03';

function nextSchema(view: View): string {
  return `${viewSchema(view)}_next`;
}

function tablesOf(view: View): string[] {
  return view.rollupEntity ? ['rows', 'rollup'] : ['rows'];
}

/** Holds a lock on a session of its own, so that a view is rebuilt once at a time; it ends with the process. */
async function alone({ pool, view }: RebuildOptions, work: () => Promise<void>): Promise<void> {
  const client = await pool.connect();
  const ignore = () => undefined;
  client.on('error', ignore);
  try {
    const locked = await client.query<{ held: boolean }>('select pg_try_advisory_lock(hashtextextended($1, 0)) as held', [
      nextSchema(view),
    ]);
    if (!locked.rows[0]!.held) throw new Error(`${viewId(view)} is being rebuilt already`);
    await work();
  } finally {
    client.off('error', ignore);
    // The lock is the session's: end it rather than give it back.
    client.release(true);
  }
}

async function createNextTables({ pool, view }: RebuildOptions): Promise<void> {
  const from = viewSchema(view);
  const to = nextSchema(view);
  await inTransaction(pool, async (client) => {
    await client.query(`drop schema if exists ${to} cascade`);
    await client.query(`create schema ${to}`);
    for (const table of tablesOf(view)) {
      await client.query(`create table ${to}.${table} (like ${from}.${table} including all excluding indexes)`);
      // One by one, because `including indexes` would make up new names, and migrations go by the names.
      const found = await client.query<{ definition: string }>(INDEX_DEFINITIONS, [from, table]);
      for (const { definition } of found.rows) await client.query(definition.replaceAll(`${from}.${table}`, `${to}.${table}`));
    }
  });
}

const INDEX_DEFINITIONS = `
  select case when c.conname is null then pg_get_indexdef(i.indexrelid)
              else format('alter table %s.%s add constraint %I %s', $1::text, $2::text, c.conname, pg_get_constraintdef(c.oid)) end
         as definition
  from pg_index i
  left join pg_constraint c on c.conindid = i.indexrelid and c.conrelid = i.indrelid and c.contype in ('p', 'u', 'x')
  where i.indrelid = format('%s.%s', $1::text, $2::text)::regclass`;

/** Folds from a position up to where the old tables stand; answers the position reached. */
async function catchUp(options: RebuildOptions, from: number): Promise<number> {
  const { store, pool, view, signal, progress } = options;
  let position = from;
  let target = await standsAt(options);
  let coming = readAhead(store, position);
  while (position < target) {
    signal?.throwIfAborted();
    const events = upTo(target, await coming);
    if (events.length === 0) return position;
    const last = events.at(-1)!.position;
    coming = readAhead(store, last);
    await inTransaction(pool, async (client) => {
      // A crash loses nothing that counts: the rebuild begins again.
      await client.query('set local synchronous_commit = off');
      await applyBatch(client, view, events, nextSchema(view));
    });
    position = last;
    if (position === target) target = await standsAt(options);
    progress?.(position, target);
  }
  await coming;
  return position;
}

function readAhead(store: EventStore, after: number): Promise<RecordedEvent[]> {
  const coming = store.readAll(after, BATCH_SIZE);
  // Whoever waits for it meets the error; until then nobody may be waiting.
  coming.catch(() => undefined);
  return coming;
}

async function standsAt({ pool, view }: RebuildOptions): Promise<number> {
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
async function changeOver({ store, pool, view }: RebuildOptions, position: number): Promise<boolean> {
  const current = viewSchema(view);
  const old = `${current}_old`;
  try {
    return await inTransaction(pool, async (client) => {
      await client.query(`set local lock_timeout = '1s'`);
      const target = (await lockCheckpoints(client, [view])).get(viewId(view))!;
      const page = await store.readAll(position, BATCH_SIZE);
      if (page.length > 0 && page.at(-1)!.position < target) return false;
      const events = upTo(target, page);
      await applyBatch(client, view, events, nextSchema(view));
      const reached = events.at(-1)?.position ?? position;
      if (reached < target) await moveCheckpoints(client, [view], await placeAt(store, reached));
      // Readers that have a snapshot already would see the new tables as of then, half filled: wait until they are done.
      await client.query(`lock table ${tablesOf(view).map((table) => `${current}.${table}`).join(', ')} in access exclusive mode`);
      await client.query(`alter schema ${current} rename to ${old}`);
      await client.query(`alter schema ${nextSchema(view)} rename to ${current}`);
      await client.query(`drop schema ${old} cascade`);
      return true;
    });
  } catch (error) {
    if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

async function placeAt(store: EventStore, position: number): Promise<Pick<Checkpoint, 'position' | 'recordedAt'>> {
  if (position === 0) return { position, recordedAt: null };
  const [event] = await store.readAll(position - 1, 1);
  return event!;
}
