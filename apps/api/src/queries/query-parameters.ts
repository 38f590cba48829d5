import { z } from 'zod';
import { hasNoControls, isWellFormed, PlainDate } from '#domain/values.ts';
import { Problem } from '#platform/problem.ts';

/** What queries have in common. Parameters arrive as text. */

/** A whole number in a query. */
export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, { error: 'must be a whole number', abort: true })
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .meta({ type: 'integer', minimum: min, maximum: max, pattern: undefined });
}

/** One or several of some values, separated by commas. */
export function listOf<Item extends z.ZodType<string, string>>(item: Item) {
  const { $schema: _, ...items } = z.toJSONSchema(item);
  return z
    .string()
    .max(2000)
    .transform((text) => text.split(','))
    .pipe(z.array(item).min(1).max(LIST_MAX))
    .meta({ type: 'array', items, minItems: 1, maxItems: LIST_MAX, maxLength: undefined });
}

const LIST_MAX = 30;

/** Text that is looked for in what is stored, where there are neither control characters nor lone surrogates: PostgreSQL takes no NUL. */
export const StoredText = z
  .string()
  .refine(hasNoControls, { error: 'must not contain control characters' })
  .refine(isWellFormed, { error: 'must not contain lone surrogates' });

export const YesOrNo = z.enum(['true', 'false']).transform((text) => text === 'true');
export const Position = wholeNumber(0, Number.MAX_SAFE_INTEGER);

const FIRST_INSTANT = Date.parse('1900-01-01T00:00:00Z');
const LAST_INSTANT = Date.parse('2999-12-31T23:59:59.999Z');
/** In years that a date may have: Date and PostgreSQL write and read others in ways of their own. */
const Instant = z.iso.datetime({ offset: true, abort: true }).refine((text) => Date.parse(text) >= FIRST_INSTANT && Date.parse(text) <= LAST_INSTANT, { error: 'must be an instant from 1900 to 2999' });
/** A moment: an instant, or a date, which means its end (UTC). */
export const MomentAtEnd = z.union([PlainDate.transform((date) => new Date(`${date}T23:59:59.999Z`)), Instant.transform((text) => new Date(text))]);
/** A moment: an instant, or a date, which means its beginning (UTC). */
export const MomentAtStart = z.union([PlainDate.transform((date) => new Date(`${date}T00:00:00.000Z`)), Instant.transform((text) => new Date(text))]);

export const minPosition = Position.optional().describe('Wait, 5 seconds at most, until everything up to this position of the log is in the answer; 503 where it is not');
export const on = PlainDate.optional().describe('Day for which lateness and pace are worked out; today (UTC) unless given').meta({ examples: ['2022-12-31'] });
export const asOf = MomentAtEnd.optional().describe('What the ledger knew at that instant; a date means its end (UTC): 2022-04-01T09:30:00Z, 2022-03-31');
export const atPosition = Position.optional().describe('What the ledger knew at that position of the log; instead of asOf');
export const cursor = z.string().max(4000).optional().describe('`next` of the page before, with the same filters');
export const limit = limitOf(20, 100);

export function limitOf(usual: number, max: number) {
  return wholeNumber(1, max).default(usual).describe(`Most items; ${usual} unless given`);
}

export function refuseParameter(parameter: string, rule: string, message: string): never {
  throw new Problem(400, 'REQUEST.INVALID_QUERY', `${parameter} ${message}`, { errors: [{ pointer: `/${parameter}`, rule, message }] });
}
