import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A narrow history of commitments beside the wide one: figures as of a position look at every version. The database keeps
 * it in step itself, so that it is whole whichever build writes the rows.
 */
export class CountedCommitments1700000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // What a projector writes between the copy and the triggers would be missing for ever; readers go on meanwhile.
    await runner.query('lock table view_commitments_v1.rows in share row exclusive mode');
    await runner.query(`
      create table view_commitments_v1.counted (
        "validFrom" bigint not null,
        "validTo" bigint not null,
        id text not null,
        who text not null,
        status text not null,
        pace text[] not null,
        "paceFrom" date[] not null,
        "overdueFrom" date,
        "overdueUntil" date,
        "lastUpdateOn" date,
        pledged text
      )`);
    await runner.query(`insert into view_commitments_v1.counted select ${COUNTED} from view_commitments_v1.rows`);
    await runner.query(`create unique index counted_current on view_commitments_v1.counted (id) where ${CURRENT}`);
    await runner.query(`create index "counted_validTo" on view_commitments_v1.counted ("validTo")`);
    await runner.query(`
      create function read_model.count_commitments() returns trigger language plpgsql as $$
      begin
        if tg_op = 'INSERT' then
          execute format('insert into %I.counted select ${COUNTED.replaceAll("'", "''")} from changed', tg_table_schema);
        else
          execute format('update %I.counted c set "validTo" = changed."validTo" from changed where c.id = changed.id and c.${CURRENT}', tg_table_schema);
        end if;
        return null;
      end $$`);
    for (const event of ['insert', 'update'])
      await runner.query(`
        create trigger count_${event} after ${event} on view_commitments_v1.rows
        referencing new table as changed for each statement execute function read_model.count_commitments()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function read_model.count_commitments() cascade');
    await runner.query('drop table view_commitments_v1.counted');
  }
}

const CURRENT = '"validTo" = 9007199254740991';

/**
 * Lists as text, by which much is put together at once: lines and parties `C4,C8 UNDP,ITU`, the lead first, and pledges
 * `USD 1000000,EUR 5` where they count.
 */
const COUNTED = `
  "validFrom", "validTo", id, concat(array_to_string("actionLines", ','), ' ', array_to_string(lead || partners, ',')), status, pace, "paceFrom", "overdueFrom", "overdueUntil", "lastUpdateOn",
  case when pledged <> '[]' and "partOf" is null and status not in ('withdrawn', 'superseded')
       then (select string_agg(concat(pledge->>'currency', ' ', pledge->>'amount'), ',') from jsonb_array_elements(pledged) pledge) end`;
