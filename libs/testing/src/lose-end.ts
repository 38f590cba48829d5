import { asOwner } from './postgres.ts';

/** Takes from a PostgreSQL log every event above a position, as the restore of an older backup does. */
export async function loseEnd(url: string, above: number): Promise<void> {
  await asOwner(url, (client) =>
    client.query(`begin; alter table event_log.events disable trigger all; delete from event_log.events where position > ${above};
      alter table event_log.events enable always trigger events_only_grow; alter table event_log.events enable always trigger events_stay; commit`));
}
