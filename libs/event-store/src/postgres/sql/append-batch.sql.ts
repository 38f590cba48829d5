/** Advisory lock that orders all appends: "event" in ASCII. */
export const APPEND_LOCK = 0x6576656e74;

/**
 * The one way into the log. Takes a batch of appends, at most one per stream, and answers one verdict for each, in
 * their order: 'appended' or 'duplicate' with the revision and position of the append's last event, or 'conflict'
 * with the stream's actual revision. Positions come out as 1, 2, 3, ... and commit in that order, because one lock
 * is held from before the head is read until the commit is visible.
 */
export const appendBatchSql = /* sql */ `
create function event_log.append_batch(
  streams  text[],     -- one per append
  expected integer[],  -- one per append; null takes any revision
  sizes    integer[],  -- one per append: its number of events
  appends  integer[],  -- one per event: the number of its append, from 1; not falling
  ids      uuid[],     -- one per event, like the rest
  types    text[],
  data     json[],
  metadata json[]
) returns table (outcome text, at_revision integer, at_position bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- A plan made while the table was small and unanalysed must not sort or scan it once it is large.
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  head      bigint := 0;
  last_time timestamptz := '-infinity';
  this_time timestamptz;
  new_head  bigint;
begin
  -- Any other level keeps one snapshot from before the lock, and would read a head that is no longer the head.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append_batch needs READ COMMITTED, not %', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state';
  end if;

  -- A statement of its own: what follows takes its snapshot when the lock is held, and so sees the last commit.
  perform pg_advisory_xact_lock(${APPEND_LOCK});

  select e.position, e.recorded_at into head, last_time
    from event_log.events e order by e.position desc limit 1;
  head := coalesce(head, 0);
  -- Never falls, whatever the clock does. (greatest ignores null.)
  this_time := greatest(date_trunc('milliseconds', clock_timestamp()), last_time);

  return query
  with asked as (
    select a.nr, a.stream, a.expected, a.size, coalesce(newest.revision, 0) as actual,
           (sum(a.size) over (order by a.nr))::integer - a.size as events_before
      from unnest(streams, expected, sizes) with ordinality as a (stream, expected, size, nr)
      left join lateral (
        select e.revision from event_log.events e where e.stream = a.stream order by e.revision desc limit 1
      ) newest on true
  ),
  judged as (
    select a.nr, a.stream, a.size, a.actual, a.events_before,
           repeated.revision as repeated_revision, repeated.position as repeated_position,
           repeated.revision is null and (a.expected is null or a.expected = a.actual) as accepted
      from asked a
      left join lateral (
        select r.revision, r.position
          from event_log.find_repeat(
            a.stream, a.expected, a.actual, ids[a.events_before + 1 : a.events_before + a.size]) r
         where a.actual > coalesce(a.expected, 0)
      ) repeated on true
  ),
  placed as (
    select j.*, head + sum(case when j.accepted then j.size else 0 end) over (order by j.nr) as last_position
      from judged j
  ),
  inserted as (
    insert into event_log.events (position, stream, revision, id, type, recorded_at, data, metadata)
    select p.last_position - p.size + (e.nr - p.events_before), p.stream, p.actual + (e.nr - p.events_before),
           e.id, e.type, this_time, e.data, e.metadata
      from unnest(appends, ids, types, data, metadata) with ordinality as e (append, id, type, data, metadata, nr)
      join placed p on p.nr = e.append and p.accepted
     order by e.nr
  )
  select case when p.accepted then 'appended' when p.repeated_revision is not null then 'duplicate' else 'conflict' end,
         case when p.accepted then p.actual + p.size else coalesce(p.repeated_revision, p.actual) end,
         case when p.accepted then p.last_position::bigint else p.repeated_position end
    from placed p order by p.nr;

  select e.position into new_head from event_log.events e order by e.position desc limit 1;
  if new_head > head then
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
