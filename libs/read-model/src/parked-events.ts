import type { ClientBase, Pool } from 'pg';
import { EntitySchema } from 'typeorm';
import { plainText } from '#domain/values.ts';
import { eventsAbove } from '#event-store/event-at.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { lockCheckpoints, moveCheckpoints, readCheckpoints } from './checkpoints.ts';
import { inTransaction } from './database.ts';
import { viewId, type View } from './view.ts';

/**
 * The record of an event that a view could not fold and that somebody made it step over. What the view answers from
 * then on lacks that event, and says so. Rebuilding the view, with a build that can fold the event, ends it.
 */
export interface ParkedEvent {
  /** `commitments_v1` */
  view: string;
  position: number;
  stream: string;
  eventId: string;
  eventType: string;
  /** Why the view could not fold it. */
  error: string;
  /** Why it was stepped over, in the words of who did it. */
  reason: string;
  /** Opaque id of who did it, and their agency. */
  actorId: string;
  actorAgency: string;
  parkedAt: string;
}

export const parkedEventEntity = new EntitySchema<ParkedEvent>({
  name: 'read_model.parked_events',
  schema: 'read_model',
  tableName: 'parked_events',
  columns: {
    view: { type: 'text', primary: true, primaryKeyConstraintName: 'parked_events_pkey' },
    position: { type: 'bigint', primary: true, primaryKeyConstraintName: 'parked_events_pkey' },
    stream: { type: 'text' },
    eventId: { type: 'text' },
    eventType: { type: 'text' },
    error: { type: 'text' },
    reason: { type: 'text' },
    actorId: { type: 'text' },
    actorAgency: { type: 'text' },
    parkedAt: { type: 'timestamptz' },
  },
});

export const ParkReason = plainText(1_000);

/** Of one view; one that lacks more is not worth asking. */
export const PARKED_MAX = 100;

/** The event is not to be stepped over, or not by this view. */
export class ParkRefusedError extends Error {
  override name = 'ParkRefusedError';
}

export interface ParkOptions {
  store: EventStore;
  pool: Pool;
  view: View;
  /** Of the event at which the view stands failing. */
  position: number;
  /** As `ParkReason` has it. */
  reason: string;
  actor: { id: string; agency: string };
}

/**
 * Makes a view step over the one event at which it stands failing; with the projector held back by the checkpoint's lock.
 * @throws ParkRefusedError where the view does not fail, fails elsewhere, or lacks PARKED_MAX already
 */
export async function parkEvent({ store, pool, view, position, reason, actor }: ParkOptions): Promise<ParkedEvent> {
  const name = viewId(view);
  return inTransaction(pool, async (client) => {
    await client.query(`set local lock_timeout = '10s'`);
    await lockCheckpoints(client, [view]);
    const [standing] = await readCheckpoints(client, [view]);
    const { error, errorPosition, parkedEvents, position: standsAt } = standing!;
    if (error === null) throw new ParkRefusedError(`${name} does not fail: it stands at ${standsAt}`);
    if (errorPosition !== position) throw new ParkRefusedError(`${name} fails at ${errorPosition}, not at ${position}`);
    if (parkedEvents >= PARKED_MAX) throw new ParkRefusedError(`${name} lacks ${parkedEvents} events already: deploy a build that can fold them, and rebuild it`);
    const [event] = await eventsAbove(store, standsAt, 1);
    if (event?.position !== position) throw new ParkRefusedError(`the event after ${standsAt}, where ${name} stands, is not at ${position} of this log`);
    const parked = await client.query<ParkedEvent>(
      `insert into read_model.parked_events (view, position, stream, "eventId", "eventType", error, reason, "actorId", "actorAgency", "parkedAt")
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now()) returning *`,
      [name, position, event.stream, event.id, event.type, error, ParkReason.parse(reason), actor.id, actor.agency],
    );
    await moveCheckpoints(client, [view], event);
    return parked.rows[0]!;
  });
}

/** What these views have stepped over, by position. */
export async function readParkedEvents(database: Pool | ClientBase, views: readonly View[]): Promise<ParkedEvent[]> {
  const found = await database.query<ParkedEvent>('select * from read_model.parked_events where view = any($1) order by position, view', [views.map(viewId)]);
  return found.rows;
}

/** For a rebuild, whose tables lack nothing; within the transaction that puts them in place. */
export async function forgetParkedEvents(client: ClientBase, view: View): Promise<void> {
  await client.query('delete from read_model.parked_events where view = $1', [viewId(view)]);
}
