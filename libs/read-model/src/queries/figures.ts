import type { EntityManager } from 'typeorm';
import { scaled } from '#domain/decimal.ts';
import { PUBLIC_STATUSES, type CommitmentStatus } from '#domain/commitment/state.ts';
import { paces, type Pace } from '#domain/pace.ts';
import type { Money } from '#domain/values.ts';
import { viewSchema, type Contribution } from '../view.ts';
import { scopesOf } from '../views/commitment-figures.ts';
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
 * Figures of every scope on a day, as the ledger knew them at a position. The database finds what held then, in a narrow
 * history, and puts together what is alike; that is counted in all its scopes here. Having the database do that as well,
 * and from the wide history, took four times as long with 100,000 commitments.
 */
export async function figuresAsOf(manager: EntityManager, position: number, on: string): Promise<Figures[]> {
  const scopes: ScopeTallies = new Map();
  const listOf = splitOnce();
  for (const { who, standings, latest, pledged } of await alikeAsOf(manager, position, on)) {
    const [lines, parties] = who.split(' ') as [string, string];
    const [lead, ...partners] = listOf(parties) as [string, ...string[]];
    const countedIn = scopesOf({ actionLines: listOf(lines), lead, partners });
    addTally(scopes, countedIn, { counts: countsOf(standings), latest: latest ?? '', pledged: pledgesOf(pledged) });
  }
  return [...scopes.values()].flatMap((ofLine) => [...ofLine.values()].map(figuresOfTally));
}

/** Commitments of the same lines and parties. */
interface Alike {
  /** `C4,C8 UNDP,ITU`: the lead first. */
  who: string;
  /** For each commitment a letter if it is overdue, one of its pace, if it has one, and one of its status. */
  standings: string;
  latest: string | null;
  /** `USD 1000000,EUR 5` */
  pledged: string | null;
}

async function alikeAsOf(manager: EntityManager, position: number, on: string): Promise<Alike[]> {
  const where = new Conditions();
  const day = where.value(on);
  const letters = where.value(COUNTED);
  const letter = (name: string): string => `chr(${FIRST_LETTER - 1} + array_position(${letters}::text[], ${name}))`;
  where.validAt('c', position);
  // With what a server gives to a query unasked, groups are sorted on disk.
  await manager.query(`set local work_mem = '64MB'`);
  return manager.query<Alike[]>(
    `select c.who, string_agg(concat(case when ${overdueOnDay(day)} then ${letter(`'overdue'`)} end, ${letter(paceOnDay(day))}, ${letter('c.status')}), '') as standings,
            max(c."lastUpdateOn") filter (where c."lastUpdateOn" <= ${day}::date) as latest, string_agg(c.pledged, ',') as pledged
     from ${viewSchema(commitments)}.counted c where ${where} group by 1`,
    where.values,
  );
}

/** What is counted, by its place in a tally; the letters that stand for it begin with an A. */
const COUNTED = ['overdue', ...PUBLIC_STATUSES, ...paces] as const;
const PLACE = new Map<string, number>(COUNTED.map((name, place) => [name, place]));
const FIRST_LETTER = 65;

/** Of some commitments together. */
interface Tally {
  counts: number[];
  latest: string;
  /** By currency, in 10^-9 units; most have none. */
  pledged: Map<string, bigint> | undefined;
}

interface ScopeTally extends Tally, ScopeName {
  asLead: number;
  asPartner: number;
}

type ScopeTallies = Map<string, Map<string, ScopeTally>>;

function noCounts(): number[] {
  return new Array<number>(COUNTED.length).fill(0);
}

function countsOf(standings: string): number[] {
  const counts = noCounts();
  for (let at = 0; at < standings.length; at += 1) counts[standings.charCodeAt(at) - FIRST_LETTER]! += 1;
  return counts;
}

function pledgesOf(pledged: string | null): Tally['pledged'] {
  if (pledged === null) return undefined;
  const sums = new Map<string, bigint>();
  for (const pledge of pledged.split(',')) increase(sums, pledge.slice(0, 3), scaled(pledge.slice(4)));
  return sums;
}

/** Splits `C4,C8`; what was split before is the same array of the same strings, which are found in a map in half the time. */
function splitOnce(): (list: string) => string[] {
  const known = new Map<string, string[]>();
  return (list) => {
    let items = known.get(list);
    if (!items) known.set(list, (items = list.split(',')));
    return items;
  };
}

function addTally(scopes: ScopeTallies, countedIn: ReturnType<typeof scopesOf>, { counts, latest, pledged }: Tally): void {
  const n = commitmentsIn(counts);
  for (const { actionLine, agency, as, isPledgedIn } of countedIn) {
    let ofLine = scopes.get(actionLine);
    if (!ofLine) scopes.set(actionLine, (ofLine = new Map()));
    let scope = ofLine.get(agency);
    if (!scope) ofLine.set(agency, (scope = { counts: noCounts(), latest: '', pledged: undefined, actionLine, agency, asLead: 0, asPartner: 0 }));
    for (let place = 0; place < counts.length; place += 1) scope.counts[place]! += counts[place]!;
    if (as) scope[as] += n;
    if (latest > scope.latest) scope.latest = latest;
    if (isPledgedIn && pledged) for (const [currency, amount] of pledged) increase((scope.pledged ??= new Map()), currency, amount);
  }
}

function increase(sums: Map<string, bigint>, currency: string, amount: bigint): void {
  sums.set(currency, (sums.get(currency) ?? 0n) + amount);
}

/** Each has one status. */
function commitmentsIn(counts: readonly number[]): number {
  return PUBLIC_STATUSES.reduce((sum, status) => sum + counts[PLACE.get(status)!]!, 0);
}

function figuresOfTally({ actionLine, agency, counts, asLead, asPartner, latest, pledged }: ScopeTally): Figures {
  const of = (name: string): number => counts[PLACE.get(name)!]!;
  const counted = <Name extends string>(names: readonly Name[]) => Object.fromEntries(names.map((name) => [name, of(name)]).filter(([, n]) => n !== 0)) as Partial<Record<Name, number>>;
  return {
    actionLine,
    agency,
    commitments: commitmentsIn(counts),
    asLead,
    asPartner,
    byStatus: counted(PUBLIC_STATUSES),
    byPace: counted(paces),
    overdue: of('overdue'),
    lastUpdateOn: latest === '' ? null : latest,
    pledged: [...(pledged ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([currency, amount]) => ({ currency, amount: decimalOf(amount) })),
  };
}

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
