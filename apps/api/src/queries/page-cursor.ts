import { createHash } from 'node:crypto';
import { z } from 'zod';
import { PlainDate } from '#domain/values.ts';
import { Problem } from '#platform/problem.ts';
import { today } from '../today.ts';

/** What a page begins with. Later pages of a list hold on to the position and the day of the first one. */
export interface PageStart<Key> {
  /** Position at which rows must have held; undefined for "now". */
  position: number | undefined;
  on: string;
  /** Where the page before ended. */
  after: Key | undefined;
}

/** Parameters that do not change which things are listed in which order. */
const NOT_OF_THE_QUERY = ['cursor', 'limit', 'minPosition'];

/**
 * What the query's cursor says, or the beginning of the list.
 * @param list name of the list, with whatever its path names
 * @throws Problem REQUEST.CURSOR (400) for one that was not given for this list with these parameters
 */
export function pageStart<Key extends z.ZodType>(list: string, query: Query, keySchema: Key): PageStart<z.output<Key>> {
  if (query.cursor === undefined) return { position: undefined, on: query.on ?? today(), after: undefined };
  const cursor = z
    .strictObject({ query: z.literal(nameOf(list, query)), position: z.int().min(0).optional(), on: PlainDate, after: z.unknown() })
    .safeParse(parsed(query.cursor));
  const after = keySchema.safeParse(cursor.data?.after);
  if (!cursor.success || !after.success) {
    const message = 'belongs to another list, or to other parameters; begin again without it';
    throw new Problem(400, 'REQUEST.CURSOR', `the cursor ${message}`, { errors: [{ pointer: '/cursor', rule: 'foreign', message }] });
  }
  return { position: cursor.data.position, on: cursor.data.on, after: after.data };
}

/** The cursor for the page after a key; null where nothing follows. */
export function nextPage(list: string, query: Query, { position, on, after }: PageStart<unknown>): string | null {
  if (after === undefined) return null;
  return Buffer.from(JSON.stringify({ query: nameOf(list, query), position, on, after })).toString('base64url');
}

type Query = Record<string, unknown> & { cursor?: string | undefined; on?: string | undefined };

/** A cursor names its query, so that it can't be used with another by mistake. */
function nameOf(list: string, query: Query): string {
  const parameters = Object.entries(query)
    .filter(([name, value]) => value !== undefined && !NOT_OF_THE_QUERY.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify([list, parameters])).digest('base64url').slice(0, 16);
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
