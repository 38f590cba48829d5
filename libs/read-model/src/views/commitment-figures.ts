import { ALWAYS } from '#domain/calendar.ts';
import type { Contribution } from '../view.ts';
import type { CommitmentRow } from './commitments.ts';

/**
 * What a commitment adds to the figures. It counts once in each scope: everything (`*`, `*`), each of its lines, C7
 * where one of them is a part of it, each of its parties, and each line together with each party. Measures:
 *
 * - `commitments`; `asLead`, `asPartner` where the scope names an agency
 * - `status:active` and so on
 * - `pace:behind` and so on: from the first day of the pace to the day before the next
 * - `overdue`: from the day after its due date to the day before its completion was claimed, or its end
 * - `lastUpdate`: from its latest update on, so that the latest date of a scope is its latest update
 * - `pledged:USD` and so on: an amount, in the totals; a partner did not pledge it
 */
export function figuresOf(row: CommitmentRow): Contribution[] {
  const counts = [
    figure('commitments'),
    figure(`status:${row.status}`),
    ...paceFigures(row),
    ...overdueFigures(row),
    ...(row.lastUpdateOn === null ? [] : [figure(LAST_UPDATE, row.lastUpdateOn)]),
  ];
  const pledges = isPledgeCounted(row) ? row.pledged.map(({ currency, amount }) => figure(`pledged:${currency}`, ALWAYS, amount)) : [];
  return scopesOf(row).flatMap(({ actionLine, agency, as, isPledgedIn }) =>
    [...counts, ...(as ? [figure(as)] : []), ...(isPledgedIn ? pledges : [])].map((one) => ({ actionLine, agency, ...one })),
  );
}

export const LAST_UPDATE = 'lastUpdate';

type Figure = Pick<Contribution, 'measure' | 'countsFrom' | 'amount'>;

interface Scope {
  actionLine: string;
  agency: string;
  as?: 'asLead' | 'asPartner';
  isPledgedIn: boolean;
}

/** Where a commitment counts, once in each. */
export function scopesOf({ actionLines, lead, partners }: Pick<CommitmentRow, 'actionLines' | 'lead' | 'partners'>): Scope[] {
  const lineTotals = actionLines.some((line) => line.startsWith('C7-')) ? [...actionLines, 'C7'] : actionLines;
  const parties = [{ agency: lead, as: 'asLead' as const }, ...partners.map((agency) => ({ agency, as: 'asPartner' as const }))];
  return [
    { actionLine: '*', agency: '*', isPledgedIn: true },
    ...lineTotals.map((actionLine) => ({ actionLine, agency: '*', isPledgedIn: true })),
    ...parties.map((party) => ({ actionLine: '*', ...party, isPledgedIn: party.as === 'asLead' })),
    ...actionLines.flatMap((actionLine) => parties.map((party) => ({ actionLine, ...party, isPledgedIn: false }))),
  ];
}

function figure(measure: string, countsFrom: string = ALWAYS, amount: Figure['amount'] = 1): Figure {
  return { measure, countsFrom, amount };
}

function paceFigures({ pace, paceFrom }: CommitmentRow): Figure[] {
  return pace.flatMap((one, step) => {
    const until = paceFrom[step + 1];
    return [figure(`pace:${one}`, paceFrom[step]), ...(until === undefined ? [] : [figure(`pace:${one}`, until, -1)])];
  });
}

function overdueFigures({ overdueFrom, overdueUntil }: CommitmentRow): Figure[] {
  if (overdueFrom === null || (overdueUntil !== null && overdueUntil <= overdueFrom)) return [];
  return [figure('overdue', overdueFrom), ...(overdueUntil === null ? [] : [figure('overdue', overdueUntil, -1)])];
}

/** A part is never counted beside its whole, nor what is not going to come. */
function isPledgeCounted({ partOf, status }: CommitmentRow): boolean {
  return partOf === null && status !== 'withdrawn' && status !== 'superseded';
}
