/**
 * The log. Collation "C" compares bytes: quicker, and an operating system's new collation can't break the index.
 * `json`, not `jsonb`: the text stays as it was written.
 */
export const eventLogTablesSql = /* sql */ `
create table event_log.events (
  position    bigint      not null primary key check (position > 0),
  stream      text        not null collate "C",
  revision    integer     not null check (revision > 0),
  id          uuid        not null,
  type        text        not null collate "C",
  recorded_at timestamptz not null,
  data        json        not null,
  metadata    json        not null,
  unique (stream, revision)
);

-- Of the first versions; position_at needs none.
create index events_recorded_at on event_log.events (recorded_at, position);

create function event_log.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the event log only grows: % is refused', tg_op using errcode = 'insufficient_privilege';
end
$$;

create trigger events_only_grow before update or delete on event_log.events
  for each statement execute function event_log.refuse_change();
create trigger events_stay before truncate on event_log.events
  for each statement execute function event_log.refuse_change();
-- Also where session_replication_role switches ordinary triggers off.
alter table event_log.events enable always trigger events_only_grow;
alter table event_log.events enable always trigger events_stay;

grant usage on schema event_log to event_log_app;
grant select on event_log.events to event_log_app;
`;
