import type { EntityManager } from 'typeorm';
import { scaled } from '#domain/decimal.ts';
import type { CommitmentStatus } from '#domain/commitment/state.ts';
import type { Pace } from '#domain/pace.ts';
import type { Money } from '#domain/values.ts';
import { viewSchema, type Contribution } from '../view.ts';
import { commitments, type CommitmentRow } from '../views/commitments.ts';
import { overdueOnDay, paceOnDay } from './commitment-filter.ts';
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

/**
 * Figures of every scope on a day, as the ledger knew them at a position. Counted by the database: reading what a hundred
 * thousand commitments contributed, and adding it up here, took seconds.
 */
export async function figuresAsOf(manager: EntityManager, position: number, on: string): Promise<Figures[]> {
  const scopes = new Map<string, Figures>();
  const figuresFor = ({ actionLine, agency }: ScopeName): Figures => {
    const key = scopeKey({ actionLine, agency });
    let figures = scopes.get(key);
    if (!figures) scopes.set(key, (figures = noFigures(actionLine, agency)));
    return figures;
  };
  for (const { n, as, status, pace, isOverdue, latest, ...scope } of await countsAsOf(manager, position, on)) {
    const figures = figuresFor(scope);
    figures.commitments += n;
    if (as) figures[as] += n;
    figures.byStatus[status] = (figures.byStatus[status] ?? 0) + n;
    if (pace) figures.byPace[pace] = (figures.byPace[pace] ?? 0) + n;
    if (isOverdue) figures.overdue += n;
    if (latest !== null && latest > (figures.lastUpdateOn ?? '')) figures.lastUpdateOn = latest;
  }
  for (const { currency, amount, ...scope } of await pledgesAsOf(manager, position)) figuresFor(scope).pledged.push({ currency, amount });
  return [...scopes.values()];
}

interface Count extends ScopeName {
  n: number;
  as: 'asLead' | 'asPartner' | null;
  status: CommitmentStatus;
  pace: Pace | null;
  isOverdue: boolean;
  latest: string | null;
}

/** Commitments that are alike are counted before they are counted in each scope; the scopes are those of `figuresOf` in commitment-figures.ts. */
function countsAsOf(manager: EntityManager, position: number, on: string): Promise<Count[]> {
  const where = new Conditions();
  const day = where.value(on);
  where.validAt('c', position);
  return manager.query<Count[]>(
    `select line as "actionLine", party.agency, party."as", status, pace, "isOverdue", sum(n)::int as n, max(latest) as latest
     from (
       select c.lead, c.partners, c."actionLines", c.status, ${paceOnDay(day)} as pace, ${overdueOnDay(day)} as "isOverdue",
              count(*) as n, max(c."lastUpdateOn") filter (where c."lastUpdateOn" <= ${day}::date) as latest
       from ${viewSchema(commitments)}.rows c where ${where} group by 1, 2, 3, 4, 5, 6
     ) alike
     cross join lateral ${LINES}
     cross join lateral (
       select '*' as agency, null as "as" union all select lead, 'asLead' union all select partner, 'asPartner' from unnest(partners) partner
     ) party
     where line <> 'C7' or party.agency = '*'
     group by 1, 2, 3, 4, 5, 6`,
    where.values,
  );
}

function pledgesAsOf(manager: EntityManager, position: number): Promise<(ScopeName & Money)[]> {
  const where = new Conditions();
  where.validAt('c', position);
  return manager.query<(ScopeName & Money)[]>(
    `select scope."actionLine", scope.agency, pledge.currency, trim_scale(sum(pledge.amount)) as amount
     from (select * from ${viewSchema(commitments)}.rows c where ${where} and c.pledged <> '[]' and c."partOf" is null and c.status not in ('withdrawn', 'superseded')) c
     cross join lateral jsonb_to_recordset(c.pledged) as pledge(currency text, amount numeric)
     cross join lateral (select line as "actionLine", '*' as agency from ${LINES} union all select '*', c.lead) scope
     group by 1, 2, 3
     order by 3`,
    where.values,
  );
}

/** SQL: the lines of a commitment, all of them together, and C7 where one is a part of it. */
const LINES = `unnest("actionLines" || '*'::text || case when exists (select from unnest("actionLines") one where one like 'C7-%') then array['C7'] else array[]::text[] end) line`;

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
