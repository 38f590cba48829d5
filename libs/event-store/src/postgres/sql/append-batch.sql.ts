/** Advisory lock that orders all appends: "event" in ASCII. */
export const APPEND_LOCK = 0x6576656e74;

/**
 * The one way into the log. Takes a batch of appends, their events behind one another, and answers one verdict for
 * each append, in their order: 'appended' or 'duplicate' with the revision and position of the append's last event, or 'conflict'
 * with the stream's actual revision. Positions come out as 1, 2, 3, ... (but for the gaps that
 * resume_above records) and commit in that order, because one lock is held from before the head is read until the
 * commit is visible.
 *
 * A plain loop: for a single append it is two and a half times as quick as one set-based statement, whose plan
 * costs more than the work; for batches of hundreds it is a quarter slower (measured).
 */
export const appendBatchSql = /* sql */ `
create function event_log.append_batch(  -- all arrays: one element per event
  streams  text[],     -- of the append; here and in the next two its first event's counts
  expected integer[],  -- revision before the append; null takes any
  sizes    integer[],  -- number of events of the append
  ids      uuid[],
  types    text[],
  data     json[],
  metadata json[]
) returns table (outcome text, at_revision integer, at_position bigint)  -- one row per append
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  old_head  bigint;
  new_head  bigint;
  last_time timestamptz;
  this_time timestamptz;
  actual    integer;      -- the stream's revision before this append
  event     record;
  first     record;       -- first event of this append
  size      integer := 0; -- of this append
  place     integer := 0; -- of this event in it: 1, 2, ..., size
  n         integer := 0; -- of this event in the batch
begin
  -- Any other level keeps one snapshot from before the lock, and would read a head that is no longer the head.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append_batch needs READ COMMITTED, not %', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state';
  end if;

  -- A statement of its own: what follows takes its snapshots when the lock is held, and so sees the last commit.
  perform pg_advisory_xact_lock(${APPEND_LOCK});

  select e.position, e.recorded_at into old_head, last_time
    from event_log.events e order by e.position desc limit 1;
  old_head := coalesce(old_head, 0);
  new_head := old_head;
  -- Never falls, whatever the clock does. (greatest ignores null.)
  this_time := greatest(date_trunc('milliseconds', clock_timestamp()), last_time);

  for event in
    select * from unnest(streams, expected, sizes, ids, types, data, metadata)
      as e (stream, expected, size, id, type, data, metadata)
  loop
    n := n + 1;
    place := place + 1;
    if place > size then
      first := event;
      size := event.size;
      place := 1;

      select e.revision into actual from event_log.events e
        where e.stream = first.stream order by e.revision desc limit 1;
      actual := coalesce(actual, 0);

      -- A repeat is decided before a conflict; it is possible only where something came after what was expected.
      outcome := null;
      if actual > coalesce(first.expected, 0) then
        select 'duplicate', r.revision, r.position into outcome, at_revision, at_position
          from event_log.find_repeat(first.stream, first.expected, actual, ids[n : n + size - 1]) r;
      end if;
      if outcome is null and (first.expected is null or first.expected = actual) then
        outcome := 'appended'; at_revision := actual + size; at_position := new_head + size;
      elsif outcome is null then
        outcome := 'conflict'; at_revision := actual; at_position := null;
      end if;
      return next;
    end if;

    if outcome = 'appended' then
      new_head := new_head + 1;
      insert into event_log.events (position, stream, revision, id, type, recorded_at, data, metadata)
        values (new_head, first.stream, actual + place, event.id, event.type, this_time, event.data, event.metadata);
    end if;
  end loop;

  if place is distinct from size then
    raise exception 'the last append has % of its % events', place, size using errcode = 'invalid_parameter_value';
  end if;
  if new_head > old_head then
    perform pg_notify('event_log_head', new_head::text);
  end if;
end
$$;

revoke all on function event_log.append_batch from public;
grant execute on function event_log.append_batch to event_log_app;
`;

/**
 * Where these very events already follow one another: right after the expected revision, or, for any, latest
 * within the stream's most recent 1,000 revisions. No row where they don't.
 */
export const findRepeatSql = /* sql */ `
create function event_log.find_repeat(of_stream text, expected integer, actual integer, of_ids uuid[])
returns table (revision integer, "position" bigint)
language sql stable as $$
  select final.revision, final.position
    from event_log.events initial
    join event_log.events final
      on final.stream = initial.stream and final.revision = initial.revision + cardinality(of_ids) - 1
   where initial.stream = of_stream
     and initial.id = of_ids[1]
     and initial.revision between coalesce(expected + 1, actual - 999) and coalesce(expected + 1, actual)
     and of_ids = array(
           select e.id from event_log.events e
            where e.stream = of_stream and e.revision between initial.revision and final.revision
            order by e.revision)
   order by initial.revision desc limit 1
$$;

revoke all on function event_log.find_repeat from public;
`;
