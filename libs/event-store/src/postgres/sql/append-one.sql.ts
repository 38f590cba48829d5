import { APPEND_LOCK } from './append-batch.sql.ts';

/**
 * The short way into the log for a lone writer: one event at an exact revision. Answers its position; or null, with
 * nothing done, where the stream is not at that revision and append_batch must say whether that is a repeat or a conflict.
 *
 * It keeps the order of the log as append_batch does: see there. It takes 25 microseconds more than a bare INSERT,
 * where append_batch takes 70 (measured without waiting for the disk).
 */
export const appendOneSql = /* sql */ `
drop function if exists event_log.append_one;
create function event_log.append_one(to_stream text, expected integer, id uuid, type text, data json, metadata json)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  at_position bigint;
  last_time   timestamptz;
  actual      integer;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append_one needs READ COMMITTED, not %', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state';
  end if;
  perform pg_advisory_xact_lock(${APPEND_LOCK});

  select e.position, e.recorded_at into at_position, last_time
    from event_log.events e order by e.position desc limit 1;
  select e.revision into actual from event_log.events e where e.stream = to_stream order by e.revision desc limit 1;
  if coalesce(actual, 0) is distinct from expected then
    return null;
  end if;

  -- Two short queries and a plain insert: an insert that selects the same takes 10 microseconds more.
  at_position := coalesce(at_position, 0) + 1;
  insert into event_log.events (position, stream, revision, id, type, recorded_at, data, metadata) values (
    at_position, to_stream, expected + 1, append_one.id, append_one.type,
    greatest(date_trunc('milliseconds', clock_timestamp()), last_time), append_one.data, append_one.metadata);
  perform pg_notify('event_log_head', at_position::text);
  return at_position;
end
$$;

revoke all on function event_log.append_one from public;
grant execute on function event_log.append_one to event_log_app;
`;
