import type { CommitmentContent } from '#domain/commitment/content.ts';
import type { CommitmentStatus } from '#domain/commitment/state.ts';
import type { Pace } from '#domain/pace.ts';
import type { Conditions } from './conditions.ts';

/** Which commitments; all of it must hold, and of a list one entry. */
export interface CommitmentFilter {
  id?: string | undefined;
  /** Codes; bare `C7` means any of its sub-lines. */
  actionLine?: readonly string[] | undefined;
  /** A party of it, in one of the ways of `as` (both unless given). */
  agency?: string | undefined;
  as?: readonly ('lead' | 'partner')[] | undefined;
  status?: readonly CommitmentStatus[] | undefined;
  kind?: readonly CommitmentContent['kind'][] | undefined;
  sdg?: number | undefined;
  /** ISO 3166-1 alpha-2. */
  country?: string | undefined;
  pace?: readonly Pace[] | undefined;
  overdue?: boolean | undefined;
  /** Words that its title or description must hold, all of them. */
  q?: string | undefined;
  updatedSince?: Date | undefined;
}

/** Adds the filter's conditions on a row `c` of the view `commitments`. @param on day for pace and lateness */
export function addCommitmentFilter(where: Conditions, filter: CommitmentFilter, on: string): void {
  const { id, actionLine, agency, as = ['lead', 'partner'], status, kind, sdg, country, pace, overdue, q, updatedSince } = filter;
  if (id !== undefined) where.add((value) => `c.id = ${value}`, id);
  if (actionLine) addActionLines(where, actionLine);
  if (agency !== undefined) {
    const held = { lead: (value: string) => `c.lead = ${value}`, partner: (value: string) => `c.partners @> array[${value}::text]` };
    where.add((value) => as.map((how) => held[how](value)).join(' or '), agency);
  }
  if (status) where.add((values) => `c.status = any(${values}::text[])`, status);
  if (kind) where.add((values) => `c.kind = any(${values}::text[])`, kind);
  if (sdg !== undefined) where.add((value) => `c.sdgs @> array[${value}::int]`, sdg);
  if (country !== undefined) where.add((value) => `c.countries @> array[${value}::text]`, country);
  if (pace) where.add((day, values) => `${paceOnDay(day)} = any(${values}::text[])`, on, pace);
  if (overdue !== undefined) where.add((day) => (overdue ? overdueOnDay(day) : `not ${overdueOnDay(day)}`), on);
  for (const word of wordsOf(q)) where.add((value) => `c.search like ${value}`, `%${word.replace(/[\\%_]/g, '\\$&')}%`);
  if (updatedSince) where.add((value) => `c."updatedAt" >= ${value}::timestamptz`, updatedSince.toISOString());
}

/** SQL for the pace of row `c` on a day; null where it has no target. */
export function paceOnDay(day: string): string {
  return `c.pace[width_bucket(${day}::date, c."paceFrom")]`;
}

/** SQL, true or false: late from the day after its due date until its completion was claimed, or it ended. */
export function overdueOnDay(day: string): string {
  return `coalesce(c."overdueFrom" <= ${day}::date and (c."overdueUntil" is null or ${day}::date < c."overdueUntil"), false)`;
}

function addActionLines(where: Conditions, actionLines: readonly string[]): void {
  const exact = actionLines.filter((code) => code !== 'C7');
  const anyOfC7 = actionLines.includes('C7') ? [`exists (select from unnest(c."actionLines") line where line like 'C7-%')`] : [];
  where.add((codes) => [`c."actionLines" && ${codes}::text[]`, ...anyOfC7].join(' or '), exact);
}

const WORDS_MAX = 10;

function wordsOf(q: string | undefined): string[] {
  return (q ?? '').toLowerCase().split(/\s+/).filter((word) => word !== '').slice(0, WORDS_MAX);
}
