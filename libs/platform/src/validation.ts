import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import type { ProblemCode } from './problem-codes.ts';
import { pointerTo, Problem, type ProblemDetail } from './problem.ts';

type Schema = NonNullable<ArgumentMetadata['schema']>;
type Issue = NonNullable<Awaited<ReturnType<Schema['~standard']['validate']>>['issues']>[number];

/** What of a request was checked. A wrong body is 422 (it was understood); everything else is 400. */
type Place = 'body' | 'query' | 'path';

/** Most errors listed in one answer; the detail says how many there were. */
export const ERRORS_MAX = 1000;

/**
 * Checks `@Body`, `@Query` and `@Param` that carry a schema, and hands on what the schema makes of them. Nest's own pipe
 * first takes fields such as `constructor` away, without a word; here they are as unknown as any other.
 */
export class ValidationPipe implements PipeTransform {
  async transform<T>(value: T, { schema, type, data }: ArgumentMetadata): Promise<T> {
    if (!schema || type === 'custom') return value;
    // `@Param('id', { schema })` hands over the one value, so its name has to be put back.
    const result = await schema['~standard'].validate(value);
    if (result.issues) throw invalid(result.issues, value, type === 'param' ? 'path' : type, data === undefined ? [] : [data]);
    return result.value as T;
  }
}

function invalid(issues: readonly Issue[], value: unknown, place: Place, at: readonly string[] = []): Problem {
  const errors = issues.flatMap((issue) => errorsOf(issue as KnownIssue, value, at));
  const many = errors.length === 1 ? 'one thing is wrong' : `${errors.length} things are wrong`;
  const listed = errors.length > ERRORS_MAX ? `, the first ${ERRORS_MAX} are listed` : '';
  const [status, code, where] = REFUSED_AS[place];
  return new Problem(status, code, `${many} in ${where}${listed}`, { errors: errors.slice(0, ERRORS_MAX) });
}

const REFUSED_AS: Record<Place, [status: number, code: ProblemCode, where: string]> = {
  body: [422, 'REQUEST.INVALID', 'the body'],
  query: [400, 'REQUEST.INVALID_QUERY', 'the query'],
  path: [400, 'REQUEST.INVALID_PATH', 'the path'],
};

/** Zod's issues, as far as they are told apart here. Another library's have a message and a path alone. */
interface KnownIssue {
  message: string;
  path?: readonly PropertyKey[];
  code?: string;
  format?: string;
  keys?: readonly string[];
  errors?: readonly (readonly KnownIssue[])[];
  issues?: readonly KnownIssue[];
  params?: { rule?: string };
}

/** Zod's codes in words that stay when zod's don't. */
const RULES: Record<string, string> = {
  invalid_type: 'type',
  invalid_value: 'enum',
  invalid_format: 'format',
  invalid_union: 'no_match',
  invalid_key: 'key',
  not_multiple_of: 'multiple_of',
  too_small: 'too_small',
  too_big: 'too_big',
};

function errorsOf(issue: KnownIssue, value: unknown, at: readonly PropertyKey[]): ProblemDetail[] {
  const path = issue.path ?? [];
  const pointer = pointerTo([...at, ...path]);
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((key) => ({ pointer: `${pointer}${pointerTo([key])}`, rule: 'unknown_field', message: 'is not a field here' }));
  }
  const found = valueAt(value, path);
  if (found === undefined && isMissing(issue, value, path)) return [{ pointer, rule: 'required', message: 'is required' }];
  const meant = issue.code === 'invalid_union' ? nearest(issue.errors ?? []) : undefined;
  if (meant) return meant.flatMap((inner) => errorsOf(inner, found, [...at, ...path]));
  if (issue.code === 'invalid_key' && issue.issues?.[0]) return [{ pointer, rule: 'key', message: issue.issues[0].message }];
  return [{ pointer, rule: ruleOf(issue), message: issue.message }];
}

/** Where nothing was sent; a text that was split into a list is not missing its entries. */
function isMissing(issue: KnownIssue, value: unknown, path: readonly PropertyKey[]): boolean {
  const parent = path.length === 0 ? undefined : valueAt(value, path.slice(0, -1));
  return issue.code !== 'custom' && (path.length === 0 || typeof parent === 'object');
}

function ruleOf(issue: KnownIssue): string {
  if (issue.code === 'invalid_format' && issue.format === 'regex') return 'pattern';
  return RULES[issue.code ?? ''] ?? issue.params?.rule ?? 'custom';
}

/** Of a union's branches the one that the sender probably meant: it has the right type, rather the right format, and the fewest things are wrong inside. */
function nearest(branches: readonly (readonly KnownIssue[])[]): readonly KnownIssue[] | undefined {
  return branches
    .filter((issues) => issues.every(({ code, path }) => (path ?? []).length > 0 || (code !== 'invalid_type' && code !== 'invalid_value')))
    .toSorted((a, b) => Number(hasOtherFormat(a)) - Number(hasOtherFormat(b)) || a.length - b.length)[0];
}

function hasOtherFormat(issues: readonly KnownIssue[]): boolean {
  return issues.some(({ code, path }) => code === 'invalid_format' && (path ?? []).length === 0);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, step) => (typeof inner === 'object' && inner !== null && Object.hasOwn(inner, step) ? Reflect.get(inner, step) : undefined), value);
}
