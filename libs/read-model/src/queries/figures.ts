import type { EntityManager } from 'typeorm';
import { scaled } from '#domain/decimal.ts';
import type { CommitmentStatus } from '#domain/commitment/state.ts';
import type { Pace } from '#domain/pace.ts';
import type { Money } from '#domain/values.ts';
import { viewSchema, type Contribution } from '../view.ts';
import { commitments, type CommitmentRow } from '../views/commitments.ts';
import { Conditions } from './conditions.ts';

/** How the commitments of a scope stand on a day. `'*'` as action line or agency: whichever. */
export interface Figures {
  actionLine: string;
  agency: string;
  commitments: number;
  /** Of the scope's agency; 0 where it names none. */
  asLead: number;
  asPartner: number;
  /** What is zero is left out. */
  byStatus: Partial<Record<CommitmentStatus, number>>;
  byPace: Partial<Record<Pace, number>>;
  overdue: number;
  lastUpdateOn: string | null;
  /** By currency; only totals have pledges. */
  pledged: Money[];
}

/** Which scopes; all of them where neither is given. */
export interface ScopeFilter {
  actionLine?: string;
  agency?: string;
}

/** Figures of every scope that has a commitment, as they stand now, for a day. */
export async function figuresNow(manager: EntityManager, on: string, { actionLine, agency }: ScopeFilter = {}): Promise<Figures[]> {
  const where = new Conditions();
  where.add((day) => `"countsFrom" <= ${day}::date`, on);
  if (actionLine !== undefined) where.add((value) => `"actionLine" = ${value}`, actionLine);
  if (agency !== undefined) where.add((value) => `agency = ${value}`, agency);
  const sums = await manager.query<Sum[]>(
    `select "actionLine", agency, measure, trim_scale(sum(amount)) as amount, max("countsFrom") as latest
     from ${viewSchema(commitments)}.rollup where ${where} group by 1, 2, 3`,
    where.values,
  );
  return summed(sums);
}

const PAGE = 5_000;
const PAGES_MAX = 1_000;
/** What a commitment's contributions rest on: narrow, so that many are read quickly. */
const COLUMNS = ['id', 'lead', 'partners', 'actionLines', 'status', 'pace', 'paceFrom', 'overdueFrom', 'overdueUntil', 'lastUpdateOn', 'pledged', 'partOf'];

/** The same, as the ledger knew it at a position: what each commitment contributed then, added up. */
export async function figuresAsOf(manager: EntityManager, position: number, on: string): Promise<Figures[]> {
  const sums = new Map<string, Adding>();
  let afterId = '';
  for (let page = 0; page < PAGES_MAX; page++) {
    const where = new Conditions();
    where.validAt('c', position);
    where.add((id) => `c.id > ${id}`, afterId);
    const rows = await manager.query<CommitmentRow[]>(
      `select ${COLUMNS.map((column) => `c."${column}"`).join(', ')} from ${viewSchema(commitments)}.rows c where ${where} order by c.id limit ${PAGE}`,
      where.values,
    );
    for (const row of rows) for (const one of commitments.contributions!(row)) if (one.countsFrom <= on) add(sums, one);
    if (rows.length < PAGE) return summed([...sums.values()].map(sumOf));
    afterId = rows.at(-1)!.id;
  }
  throw new Error(`more than ${PAGE * PAGES_MAX} commitments`);
}

/** Contributions of one measure to one scope, added up. */
interface Sum {
  actionLine: string;
  agency: string;
  measure: string;
  amount: string;
  /** The latest date from which any of them counts. */
  latest: string;
}

/** A sum that grows: of whole numbers, and of decimal numbers in 10^-9 units. */
interface Adding extends Omit<Sum, 'amount'> {
  whole: number;
  decimal: bigint;
}

/** Told of each contribution there is: what is added is changed in place. */
function add(sums: Map<string, Adding>, { actionLine, agency, measure, countsFrom, amount }: Contribution): void {
  const key = `${actionLine} ${agency} ${measure}`;
  let sum = sums.get(key);
  if (!sum) sums.set(key, (sum = { actionLine, agency, measure, latest: countsFrom, whole: 0, decimal: 0n }));
  if (countsFrom > sum.latest) sum.latest = countsFrom;
  if (typeof amount === 'number') sum.whole += amount;
  else sum.decimal += scaled(amount);
}

function sumOf({ whole, decimal, ...sum }: Adding): Sum {
  return { ...sum, amount: decimalOf(decimal + scaled(String(whole))) };
}

/** `"1250000.5"` of 10^-9 units. */
function decimalOf(total: bigint): string {
  const digits = String(total < 0n ? -total : total).padStart(10, '0');
  const fraction = digits.slice(-9).replace(/0+$/, '');
  return `${total < 0n ? '-' : ''}${digits.slice(0, -9)}${fraction && `.${fraction}`}`;
}

function summed(sums: readonly Sum[]): Figures[] {
  const scopes = new Map<string, Figures>();
  for (const sum of sums) {
    const key = `${sum.actionLine} ${sum.agency}`;
    const figures = scopes.get(key) ?? noFigures(sum.actionLine, sum.agency);
    scopes.set(key, figures);
    put(figures, sum);
  }
  const found = [...scopes.values()].filter(({ commitments: count }) => count > 0);
  for (const { pledged } of found) pledged.sort((a, b) => (a.currency < b.currency ? -1 : 1));
  return found;
}

export function noFigures(actionLine: string, agency: string): Figures {
  return { actionLine, agency, commitments: 0, asLead: 0, asPartner: 0, byStatus: {}, byPace: {}, overdue: 0, lastUpdateOn: null, pledged: [] };
}

function put(figures: Figures, { measure, amount, latest }: Sum): void {
  const [name, of] = measure.split(':') as [string, string];
  const count = Number(amount);
  if (count === 0) return;
  switch (name) {
    case 'commitments':
    case 'asLead':
    case 'asPartner':
    case 'overdue':
      figures[name] = count;
      return;
    case 'status':
      figures.byStatus[of as CommitmentStatus] = count;
      return;
    case 'pace':
      figures.byPace[of as Pace] = count;
      return;
    case 'lastUpdate':
      figures.lastUpdateOn = latest;
      return;
    case 'pledged':
      figures.pledged.push({ currency: of, amount });
      return;
    default:
      throw new Error(`nobody reads the measure ${measure}`);
  }
}
