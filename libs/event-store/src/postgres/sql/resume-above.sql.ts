import { APPEND_LOCK } from './append-batch.sql.ts';

/**
 * For a log that has lost its end: appends `LogRestored` at `void_to` + 1, so that no position is given out twice that
 * anybody may have seen. The owner's alone; the append lock keeps every append out meanwhile.
 */
export const resumeAboveSql = /* sql */ `
create function event_log.resume_above(void_to bigint, id uuid, metadata json)
returns table (void_from bigint, at_position bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  last event_log.events; -- of the log
  own  integer;          -- revision of the stream before
begin
  -- As in append_batch: the lock first, in a statement of its own, and no snapshot from before it.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'resume_above needs READ COMMITTED, not %', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state';
  end if;
  perform pg_advisory_xact_lock(${APPEND_LOCK});

  select * into last from event_log.events e order by e.position desc limit 1;
  void_from := coalesce(last.position, 0) + 1;
  at_position := void_to + 1;
  if void_to < void_from then
    raise exception 'the log ends at position %, so nothing up to % is void', void_from - 1, void_to
      using errcode = 'invalid_parameter_value';
  end if;
  select max(e.revision) into own from event_log.events e where e.stream = 'log-restored';
  insert into event_log.events (position, stream, revision, id, type, recorded_at, data, metadata) values (
    at_position, 'log-restored', coalesce(own, 0) + 1, id, 'LogRestored',
    greatest(date_trunc('milliseconds', clock_timestamp()), last.recorded_at),
    json_build_object('voidFrom', void_from, 'voidTo', void_to), metadata);
  perform pg_notify('event_log_head', at_position::text);
  return next;
end
$$;

revoke all on function event_log.resume_above from public;
`;
