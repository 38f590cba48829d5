/** Arithmetic on calendar dates as ISO text (`2022-03-28`), without time zones. */
const DAY_MS = 86_400_000;

/** The first day of all: what holds from it on has always held. */
export const ALWAYS = '0001-01-01';

export function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Days from one date to another; negative when `to` is earlier. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}
