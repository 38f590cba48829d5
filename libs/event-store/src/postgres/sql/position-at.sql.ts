/**
 * Position of the last event recorded at or before an instant; 0 where there is none. Time never falls from one position
 * to the next, so halving the log finds it in some twenty looks at the primary key: an index of the time, which each
 * append would pay for, is not needed.
 */
export const positionAtSql = /* sql */ `
drop index if exists event_log.events_recorded_at;

create or replace function event_log.position_at(instant timestamptz) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  low    bigint := 0; -- what stands at or below it was recorded by then
  high   bigint;      -- what stands above it was not
  middle bigint;
  found  record;
begin
  high := coalesce((select e.position from event_log.events e order by e.position desc limit 1), 0);
  while low < high loop
    middle := high - (high - low) / 2;
    -- The last one up to there: in a gap that resume_above left, the one before it.
    select e.position, e.recorded_at into found from event_log.events e
     where e.position <= middle order by e.position desc limit 1;
    if found.recorded_at > instant then
      high := found.position - 1;
    else
      low := middle;
    end if;
  end loop;
  return coalesce((select e.position from event_log.events e where e.position <= low order by e.position desc limit 1), 0);
end
$$;

revoke all on function event_log.position_at from public;
grant execute on function event_log.position_at to event_log_app;
`;
