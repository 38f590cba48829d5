import type { Conditions } from './conditions.ts';

/** One of the orders that a list offers. */
export interface Order {
  /** SQL. */
  column: string;
  type: 'text' | 'date' | 'bigint';
  /** Null comes after everything else, so before it in falling order. */
  nullable?: boolean;
}

export interface Sort<Name extends string = string> {
  by: Name;
  falling: boolean;
}

/** Where a row stands in an order: its value and, among equals, its id. */
export type Key = [value: string | number | null, id: string];

/** Which part of a list, and as of when. */
export interface PageOf<Name extends string = string> {
  sort: Sort<Name>;
  limit: number;
  /** Only what comes after this row. */
  after?: Key | undefined;
  /** Rows that held at this position; that hold now unless given. */
  position?: number | undefined;
}

export interface Page<Row> {
  rows: Row[];
  /** Of the last row, where more follow. */
  after: Key | undefined;
}

/** Narrows a query down to what comes after the key, and says how to order and bound it (one row more than the page). */
export function addKeyset(where: Conditions, { column, type, nullable }: Order, id: string, { sort: { falling }, after, limit }: PageOf): string {
  const direction = falling ? 'desc' : 'asc';
  if (after) {
    const comes = falling ? '<' : '>';
    const [value, afterId] = after;
    if (value === null) where.add((key) => (falling ? `(${column} is null and ${id} < ${key}) or ${column} is not null` : `${column} is null and ${id} > ${key}`), afterId);
    else {
      const nullsFollow = nullable && !falling ? ` or ${column} is null` : '';
      where.add((keyValue, key) => `(${column}, ${id}) ${comes} (${keyValue}::${type}, ${key}::text)${nullsFollow}`, value, afterId);
    }
  }
  return `order by ${column} ${direction}, ${id} ${direction} limit ${where.value(limit + 1)}`;
}

/** One page out of the pages of several queries with such an end, which select `id` and `keyValue`. */
export function mergedPages(where: Conditions, selects: readonly string[], { sort: { falling }, limit }: PageOf): string {
  if (selects.length === 1) return selects[0]!;
  const direction = falling ? 'desc' : 'asc';
  return `${selects.map((select) => `(${select})`).join(' union all ')} order by "keyValue" ${direction}, id ${direction} limit ${where.value(limit + 1)}`;
}

/** A row that was read by such a query, with its place in the order. */
export type Keyed<Row> = Row & { id: string; keyValue: Key[0] };

export function keyOf({ keyValue, id }: Keyed<unknown>): Key {
  return [keyValue, id];
}

/** The page of rows that were read, and where the next begins. */
export function pageOf<Row>(found: readonly Keyed<Row>[], limit: number): Page<Keyed<Row>> {
  const rows = found.slice(0, limit);
  return { rows, after: found.length > limit ? keyOf(rows.at(-1)!) : undefined };
}
