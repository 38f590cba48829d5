import type { ClientBase, Pool } from 'pg';
import { EntitySchema } from 'typeorm';
import type { RecordedEvent } from '#domain/event.ts';
import { viewId, type View } from './view.ts';

/** How far a view has come. */
export interface Checkpoint {
  /** `commitments_v1` */
  view: string;
  /** Position of the last event that the view has folded; 0 for none. */
  position: number;
  /** When that event was recorded; null for none. */
  recordedAt: string | null;
  /** Why the view can't fold the next event; null where it can. */
  error: string | null;
  errorPosition: number | null;
  errorStream: string | null;
  errorEventType: string | null;
  failingSince: string | null;
}

/** A checkpoint, and what the view lacks below it. */
export interface Standing extends Checkpoint {
  /** Events that somebody made the view step over; see parked-events.ts. */
  parkedEvents: number;
}

export const checkpointEntity = new EntitySchema<Checkpoint>({
  name: 'read_model.checkpoints',
  schema: 'read_model',
  tableName: 'checkpoints',
  columns: {
    view: { type: 'text', primary: true, primaryKeyConstraintName: 'checkpoints_pkey' },
    position: { type: 'bigint' },
    recordedAt: { type: 'timestamptz', nullable: true },
    error: { type: 'text', nullable: true },
    errorPosition: { type: 'bigint', nullable: true },
    errorStream: { type: 'text', nullable: true },
    errorEventType: { type: 'text', nullable: true },
    failingSince: { type: 'timestamptz', nullable: true },
  },
});

/** The channel on which every move of a checkpoint is told, with the position. */
export const READ_MODEL_CHANNEL = 'read_model';

/** One checkpoint per view, in the views' order; a view that no projector has seen yet stands at 0. */
export async function readCheckpoints(database: Pool | ClientBase, views: readonly View[]): Promise<Standing[]> {
  const found = await database.query<Standing>(
    `select c.*, (select count(*)::int from read_model.parked_events p where p.view = c.view) as "parkedEvents"
     from read_model.checkpoints c where c.view = any($1)`,
    [views.map(viewId)],
  );
  const byView = new Map(found.rows.map((checkpoint) => [checkpoint.view, checkpoint]));
  return views.map((view) => byView.get(viewId(view)) ?? neverMoved(view));
}

/** Makes sure that the views' checkpoints exist, so that they can be locked. */
export async function createCheckpoints(database: Pool | ClientBase, views: readonly View[]): Promise<void> {
  await database.query(
    'insert into read_model.checkpoints (view, position) select unnest($1::text[]), 0 on conflict do nothing',
    [views.map(viewId)],
  );
}

/** Locks the views' checkpoints until the transaction ends (others wait here) and tells their positions by view id. */
export async function lockCheckpoints(client: ClientBase, views: readonly View[]): Promise<Map<string, number>> {
  const locked = await client.query<{ view: string; position: number }>(
    'select view, position from read_model.checkpoints where view = any($1) order by view for update',
    [views.map(viewId)],
  );
  return new Map(locked.rows.map(({ view, position }) => [view, position]));
}

/** Moves locked checkpoints to an event (or before the first) and tells those who wait for it. */
export async function moveCheckpoints(client: ClientBase, views: readonly View[], to: Pick<Checkpoint, 'position' | 'recordedAt'>): Promise<void> {
  await client.query(
    `with moved as (
       update read_model.checkpoints
       set position = $2, "recordedAt" = $3, error = null, "errorPosition" = null, "errorStream" = null, "errorEventType" = null, "failingSince" = null
       where view = any($1)
     )
     select pg_notify($4, $2::bigint::text)`,
    [views.map(viewId), to.position, to.recordedAt, READ_MODEL_CHANNEL],
  );
}

/** Writes down why a view that stands at `position` can't fold the next event; nothing where it has moved on since. */
export async function markFailing(
  pool: Pool,
  view: View,
  position: number,
  event: RecordedEvent,
  message: string,
): Promise<void> {
  await pool.query(
    `update read_model.checkpoints
     set error = $3, "errorPosition" = $4, "errorStream" = $5, "errorEventType" = $6, "failingSince" = coalesce("failingSince", now())
     where view = $1 and position = $2`,
    [viewId(view), position, message.slice(0, ERROR_LENGTH_MAX), event.position, event.stream, event.type],
  );
}

/** What operators should know of a view beside how far it is, a sentence each. */
export function troubleOf(standing: Standing): string[] {
  const { view, error, errorPosition, errorStream, errorEventType, parkedEvents } = standing;
  return [
    ...(error === null ? [] : [`${view} fails at ${errorPosition} (${errorEventType} in ${errorStream ?? 'a stream'}): ${shortened(error)}`]),
    ...(parkedEvents === 0 ? [] : [`${view} has ${parkedEvents} parked`]),
  ];
}

/** The beginning of an error, on one line: for health, metrics and lists. */
export function shortened(error: string): string {
  const line = error.replace(/\s+/g, ' ').trim();
  return line.length <= SHORTENED_MAX ? line : `${line.slice(0, SHORTENED_MAX - 3)}...`;
}

const ERROR_LENGTH_MAX = 1_000;
const SHORTENED_MAX = 200;

function neverMoved(view: View): Standing {
  return {
    view: viewId(view),
    position: 0,
    recordedAt: null,
    error: null,
    errorPosition: null,
    errorStream: null,
    errorEventType: null,
    failingSince: null,
    parkedEvents: 0,
  };
}
