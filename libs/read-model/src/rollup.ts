import type { ClientBase } from 'pg';
import { copyLines, escaped } from './copy-rows.ts';
import type { FoldedRow } from './fold-batch.ts';
import { rowColumns, STILL_VALID, type Contribution, type RollupCell, type View, type ViewRow } from './view.ts';

/**
 * Adds to the rollup what the rows contribute now and takes off what they contributed before. Cells that come to
 * nothing are deleted and amounts lose trailing zeros, so the table depends on the rows alone, not on their past.
 */
export async function addToRollup(client: ClientBase, view: View, schema: string, folded: readonly Pick<FoldedRow, 'before' | 'after'>[]): Promise<void> {
  const changes = contributionChanges(view, folded);
  if (changes.length === 0) return;
  const touched = await client.query<RollupCell>(
    `insert into ${schema}.rollup as cell ("actionLine", agency, measure, "countsFrom", amount)
     select "actionLine", agency, measure, "countsFrom", trim_scale(sum(amount * times))
     from json_to_recordset($1::json)
       as change("actionLine" text, agency text, measure text, "countsFrom" date, amount numeric, times int)
     group by 1, 2, 3, 4
     having sum(amount * times) <> 0
     order by 1, 2, 3, 4
     on conflict ("actionLine", agency, measure, "countsFrom")
       do update set amount = trim_scale(cell.amount + excluded.amount)
     returning *`,
    [JSON.stringify(changes)],
  );
  const empty = touched.rows.filter((cell) => cell.amount === '0');
  if (empty.length > 0) await deleteCells(client, schema, empty);
}

/** Fills an empty rollup from the rows that hold now: summed by pages here, and by the server over all pages. */
export async function fillRollup(client: ClientBase, view: View, schema: string): Promise<void> {
  await client.query(`create temporary table cells ("actionLine" text, agency text, measure text, "countsFrom" date, amount numeric, times int) on commit drop`);
  const columns = rowColumns(view).map((column) => `"${column}"`).join(', ');
  for (let afterId = ''; ; ) {
    const { rows } = await client.query<ViewRow>(
      `select ${columns} from ${schema}.rows where "validTo" = ${STILL_VALID} and id > $1 order by id limit ${PAGE}`,
      [afterId],
    );
    const changes = contributionChanges(view, rows.map((after) => ({ before: undefined, after })));
    await copyLines(client, 'copy cells from stdin', changes.map(lineOf));
    if (rows.length < PAGE) break;
    afterId = rows.at(-1)!.id;
  }
  await client.query(`
    insert into ${schema}.rollup ("actionLine", agency, measure, "countsFrom", amount)
    select "actionLine", agency, measure, "countsFrom", trim_scale(sum(amount * times)) from cells
    group by 1, 2, 3, 4 having sum(amount * times) <> 0`);
}

const PAGE = 2_000;

function lineOf({ actionLine, agency, measure, countsFrom, amount, times }: ContributionChange): string {
  return `${escaped(actionLine)}\t${escaped(agency)}\t${escaped(measure)}\t${countsFrom}\t${amount}\t${times}\n`;
}

interface ContributionChange extends Contribution {
  times: number;
}

/** What changed, with whatever stayed the same already cancelled out: most events change few of a row's contributions. */
function contributionChanges(view: View, folded: readonly Pick<FoldedRow, 'before' | 'after'>[]): ContributionChange[] {
  const changes = new Map<string, ContributionChange>();
  for (const { before, after } of folded) {
    if (before === after) continue;
    if (after) count(changes, view.contributions!(after), 1);
    if (before) count(changes, view.contributions!(before), -1);
  }
  return [...changes.values()].filter((change) => change.times !== 0);
}

function count(changes: Map<string, ContributionChange>, contributions: readonly Contribution[], times: number): void {
  for (const { actionLine, agency, measure, countsFrom, amount } of contributions) {
    const key = `${actionLine}\t${agency}\t${measure}\t${countsFrom}\t${amount}`;
    const change = changes.get(key);
    if (change) change.times += times;
    else changes.set(key, { actionLine, agency, measure, countsFrom, amount, times });
  }
}

async function deleteCells(client: ClientBase, schema: string, cells: RollupCell[]): Promise<void> {
  await client.query(
    `delete from ${schema}.rollup cell
     using json_populate_recordset(null::${schema}.rollup, $1::json) empty
     where cell."actionLine" = empty."actionLine" and cell.agency = empty.agency
       and cell.measure = empty.measure and cell."countsFrom" = empty."countsFrom"`,
    [JSON.stringify(cells)],
  );
}
