import type pg from 'pg';

/** Figures for a day, grouped from the current rows by SQL that knows nothing of rollups: `[line, agency, measure, amount]`, in order. */
export async function figuresOfCurrentRows(pool: pg.Pool, on: string): Promise<unknown[][]> {
  const found = await pool.query<unknown[]>({
    text: `${SCOPES},
      facts as (
        select id, 'commitments' as measure, 1::numeric as amount from current
        union all select id, 'status:' || status, 1 from current
        union all select id, 'pace:' || pace[width_bucket($1::date, "paceFrom")], 1 from current where pace <> '{}'
        union all select id, 'overdue', 1 from current where "dueOn" < $1::date and ("overdueUntil" is null or "overdueUntil" > $1::date)
        union all select id, 'lastUpdate', 1 from current where "lastUpdateOn" <= $1::date
      ),
      pledges as (
        select id, 'pledged:' || (money->>'currency') as measure, (money->>'amount')::numeric as amount
        from current, jsonb_array_elements(pledged) as money
        where "partOf" is null and status not in ('withdrawn', 'superseded')
      )
      select line, agency, measure, trim_scale(sum(amount)) from (
        select line, agency, measure, amount from scopes join facts using (id)
        union all select line, agency, "as", 1 from scopes where "as" is not null
        union all select line, agency, measure, amount from scopes join pledges using (id)
          where agency = '*' or (line = '*' and "as" = 'asLead')
      ) as counted
      group by 1, 2, 3 order by 1, 2, 3`,
    values: [on],
    rowMode: 'array',
  });
  return found.rows;
}

/** Day of the latest update up to a day, from the current rows: `[line, agency, day]`, in order. */
export async function lastUpdatesOfCurrentRows(pool: pg.Pool, on: string): Promise<unknown[][]> {
  const found = await pool.query<unknown[]>({
    text: `${SCOPES}
      select line, agency, max("lastUpdateOn") from scopes join current using (id)
      where "lastUpdateOn" <= $1::date group by 1, 2 order by 1, 2`,
    values: [on],
    rowMode: 'array',
  });
  return found.rows;
}

/** Each commitment in each scope that it counts in, once. */
const SCOPES = `
  with current as (select * from view_commitments_v1.rows where "validTo" = 9007199254740991),
  lines as (select id, unnest("actionLines") as line from current),
  parties as (
    select id, lead as agency, 'asLead' as "as" from current
    union all select id, unnest(partners), 'asPartner' from current
  ),
  scopes as (
    select id, '*' as line, '*' as agency, null as "as" from current
    union all select id, line, '*', null from lines
    union all select distinct id, 'C7', '*', null from lines where line like 'C7-%'
    union all select id, '*', agency, "as" from parties
    union all select id, line, agency, "as" from lines join parties using (id)
  )`;
