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
  errorEventType: string | null;
  failingSince: string | null;
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
    errorEventType: { type: 'text', nullable: true },
    failingSince: { type: 'timestamptz', nullable: true },
  },
});

/** The channel on which every move of a checkpoint is told, with the position. */
export const READ_MODEL_CHANNEL = 'read_model';

/** One checkpoint per view, in the views' order; a view that no projector has seen yet stands at 0. */
export async function readCheckpoints(database: Pool | ClientBase, views: readonly View[]): Promise<Checkpoint[]> {
  const found = await database.query<Checkpoint>('select * from read_model.checkpoints where view = any($1)', [
    views.map(viewId),
  ]);
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
       set position = $2, "recordedAt" = $3, error = null, "errorPosition" = null, "errorEventType" = null, "failingSince" = null
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
     set error = $3, "errorPosition" = $4, "errorEventType" = $5, "failingSince" = coalesce("failingSince", now())
     where view = $1 and position = $2`,
    [viewId(view), position, message.slice(0, 1_000), event.position, event.type],
  );
}

function neverMoved(view: View): Checkpoint {
  return {
    view: viewId(view),
    position: 0,
    recordedAt: null,
    error: null,
    errorPosition: null,
    errorEventType: null,
    failingSince: null,
  };
}
