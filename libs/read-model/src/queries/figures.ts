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

/** Figures of every scope on a day, as the ledger knew them at a position: what each commitment contributed then, added up. */
export async function figuresAsOf(manager: EntityManager, position: number, on: string): Promise<Figures[]> {
  const scopes: Scopes = new Map();
  let afterId = '';
  for (let page = 0; page < PAGES_MAX; page++) {
    const where = new Conditions();
    where.validAt('c', position);
    where.add((id) => `c.id > ${id}`, afterId);
    const rows = await manager.query<FiguresRow[]>(
      `select ${FIGURES_COLUMNS} from ${viewSchema(commitments)}.rows c where ${where} order by c.id limit ${PAGE}`,
      where.values,
    );
    for (const row of rows) addRow(row, on, 1, (name) => scopeIn(scopes, name));
    if (rows.length < PAGE) return figuresOf(scopes);
    afterId = rows.at(-1)!.id;
  }
  throw new Error(`more than ${PAGE * PAGES_MAX} commitments`);
}

const PAGE = 5_000;
const PAGES_MAX = 1_000;

/** What a commitment's contributions rest on: narrow, so that many are read quickly. */
export type FiguresRow = CommitmentRow;
export const FIGURES_COLUMNS = ['id', 'lead', 'partners', 'actionLines', 'status', 'pace', 'paceFrom', 'overdueFrom', 'overdueUntil', 'lastUpdateOn', 'pledged', 'partOf']
  .map((column) => `c."${column}"`)
  .join(', ');

export interface ScopeName {
  actionLine: string;
  agency: string;
}

/** A scope's contributions by measure, added up. */
export interface Scope extends ScopeName {
  sums: Map<string, Sum>;
  /** What the sums come to; made when it is asked for. */
  figures?: Figures;
}

/** Of whole numbers, and of decimal numbers in 10^-9 units. */
export interface Sum {
  whole: number;
  decimal: bigint;
  /** The latest day from which any of what was added counts. */
  latest: string;
  /** That day was taken away again, and which is the latest of those left is not known. */
  isLatestLost?: boolean;
}

export type Scopes = Map<string, Scope>;

export function scopeKey({ actionLine, agency }: ScopeName): string {
  return `${actionLine} ${agency}`;
}

/** Adds what a commitment contributes on a day, or takes it away again. @param scopeOf gives the scope that is changed in place */
export function addRow(row: FiguresRow, on: string, times: 1 | -1, scopeOf: (name: ScopeName) => Scope): void {
  for (const one of commitments.contributions!(row)) if (one.countsFrom <= on) add(scopeOf(one).sums, one, times);
}

/** The scope of a name; made where there is none. */
export function scopeIn(scopes: Scopes, { actionLine, agency }: ScopeName): Scope {
  const key = scopeKey({ actionLine, agency });
  let scope = scopes.get(key);
  if (!scope) scopes.set(key, (scope = { actionLine, agency, sums: new Map() }));
  return scope;
}

/** Told of each contribution there is: what is added is changed in place. */
function add(sums: Map<string, Sum>, { measure, countsFrom, amount }: Contribution, times: 1 | -1): void {
  let sum = sums.get(measure);
  if (!sum) sums.set(measure, (sum = { whole: 0, decimal: 0n, latest: '' }));
  if (times < 0) sum.isLatestLost ||= countsFrom === sum.latest;
  else if (countsFrom >= sum.latest || sum.whole === 0) Object.assign(sum, { latest: countsFrom, isLatestLost: false });
  if (typeof amount === 'number') sum.whole += times * amount;
  else sum.decimal += BigInt(times) * scaled(amount);
}

/** Of the scopes that have a commitment. */
export function figuresOf(scopes: Scopes): Figures[] {
  return [...scopes.values()].map(figuresIn).filter(({ commitments: count }) => count > 0);
}

export function figuresIn(scope: Scope): Figures {
  return (scope.figures ??= summedUp(scope));
}

function summedUp({ actionLine, agency, sums }: Scope): Figures {
  const figures = noFigures(actionLine, agency);
  for (const [measure, sum] of sums) put(figures, measure, sum);
  figures.pledged.sort((a, b) => (a.currency < b.currency ? -1 : 1));
  return figures;
}

export function noFigures(actionLine: string, agency: string): Figures {
  return { actionLine, agency, commitments: 0, asLead: 0, asPartner: 0, byStatus: {}, byPace: {}, overdue: 0, lastUpdateOn: null, pledged: [] };
}

function put(figures: Figures, measure: string, { whole, decimal, latest }: Sum): void {
  const [name, of] = measure.split(':') as [string, string];
  if (whole === 0 && decimal === 0n) return;
  switch (name) {
    case 'commitments':
    case 'asLead':
    case 'asPartner':
    case 'overdue':
      figures[name] = whole;
      return;
    case 'status':
      figures.byStatus[of as CommitmentStatus] = whole;
      return;
    case 'pace':
      figures.byPace[of as Pace] = whole;
      return;
    case 'lastUpdate':
      figures.lastUpdateOn = latest;
      return;
    case 'pledged':
      figures.pledged.push({ currency: of, amount: decimalOf(decimal + scaled(String(whole))) });
      return;
    default:
      throw new Error(`nobody reads the measure ${measure}`);
  }
}

/** `"1250000.5"` of 10^-9 units. */
function decimalOf(total: bigint): string {
  const digits = String(total < 0n ? -total : total).padStart(10, '0');
  const fraction = digits.slice(-9).replace(/0+$/, '');
  return `${total < 0n ? '-' : ''}${digits.slice(0, -9)}${fraction && `.${fraction}`}`;
}
