import { asOwner } from './postgres.ts';

/**
 * Gives the events of a PostgreSQL log that stand above a position others, with gaps of hundreds between them, as stores
 * have that count bytes. What follows the log must not have come further than that position; what is appended next stands
 * right above the last event.
 */
export async function spreadPositions(url: string, above = 0): Promise<void> {
  await asOwner(url, async (client) => {
    await client.query('begin; alter table event_log.events disable trigger all');
    await client.query('create temp table spread as select position, $1 + sum(200 + length(data::text)) over (order by position) as at from event_log.events where position > $1', [above]);
    // Out of one another's way first: no two may have the same position even for a moment.
    await client.query('update event_log.events set position = position + 1000000000000 where position > $1', [above]);
    await client.query(`update event_log.events e set position = spread.at from spread where e.position = spread.position + 1000000000000`);
    await client.query('drop table spread; alter table event_log.events enable always trigger events_only_grow; alter table event_log.events enable always trigger events_stay; commit');
  });
}
