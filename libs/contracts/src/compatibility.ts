import type { JsonSchema } from './json-schema.ts';

/**
 * What in a schema would break a subscriber that was written for the released one, or that reads old events with the
 * new one: a field that is gone or no longer always there, a new required field, a narrowed type, enum or bound.
 * @returns one sentence each, with the path; empty when compatible
 */
export function incompatibilities(released: JsonSchema, current: JsonSchema, path = ''): string[] {
  const at = path || '/';
  return [
    ...alternatives(released, current, at),
    ...types(released, current, at),
    ...values(released, current, at),
    ...bounds(released, current, at),
    ...fields(released, current, path),
    ...nested(released, current, path, 'items'),
    ...nested(released, current, path, 'additionalProperties'),
  ];
}

/** Every alternative that was allowed must still be allowed by one of the alternatives. */
function alternatives(released: JsonSchema, current: JsonSchema, at: string): string[] {
  const before = alternativesOf(released);
  const now = alternativesOf(current);
  if (!before && !now) return [];
  const problems = (before ?? [released])
    .filter((one) => !(now ?? [current]).some((other) => incompatibilities(one, other, at).length === 0))
    .map((one) => `${at}: no longer allows ${JSON.stringify(one).slice(0, 120)}`);
  return problems;
}

function alternativesOf(schema: JsonSchema): JsonSchema[] | undefined {
  return (schema['anyOf'] ?? schema['oneOf']) as JsonSchema[] | undefined;
}

function types(released: JsonSchema, current: JsonSchema, at: string): string[] {
  if (current['type'] === undefined || alternativesOf(released) || alternativesOf(current)) return [];
  const before = [released['type'] ?? 'anything'].flat();
  const now = [current['type']].flat();
  const narrowed = before.filter((type) => !now.includes(type) && !(type === 'integer' && now.includes('number')));
  return narrowed.map((type) => `${at}: no longer allows type ${String(type)}`);
}

function values(released: JsonSchema, current: JsonSchema, at: string): string[] {
  const before = valuesOf(released);
  const now = valuesOf(current);
  if (!now) return [];
  if (!before) return [`${at}: is now limited to ${JSON.stringify(now)}`];
  return before.filter((value) => !now.includes(value)).map((value) => `${at}: no longer allows ${JSON.stringify(value)}`);
}

function valuesOf(schema: JsonSchema): unknown[] | undefined {
  if ('const' in schema) return [schema['const']];
  return schema['enum'] as unknown[] | undefined;
}

const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems'];
const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems'];

function bounds(released: JsonSchema, current: JsonSchema, at: string): string[] {
  const raised = LOWER.filter((key) => key in current && Number(current[key]) > Number(released[key] ?? -Infinity));
  const lowered = UPPER.filter((key) => key in current && Number(current[key]) < Number(released[key] ?? Infinity));
  const changed = ['pattern', 'format'].filter((key) => key in current && current[key] !== released[key]);
  return [...raised, ...lowered, ...changed].map((key) => `${at}: ${key} is narrower`);
}

function fields(released: JsonSchema, current: JsonSchema, path: string): string[] {
  const before = propertiesOf(released);
  const now = propertiesOf(current);
  const wasRequired = new Set(released['required'] as string[] | undefined);
  const isRequired = new Set(current['required'] as string[] | undefined);
  return [
    ...Object.keys(before).filter((field) => !(field in now)).map((field) => `${path}/${field}: is gone`),
    ...[...isRequired].filter((field) => !wasRequired.has(field)).map((field) => `${path}/${field}: is newly required`),
    ...[...wasRequired].filter((field) => field in now && !isRequired.has(field)).map((field) => `${path}/${field}: is no longer always there`),
    ...Object.keys(before).flatMap((field) => (field in now ? incompatibilities(before[field]!, now[field]!, `${path}/${field}`) : [])),
  ];
}

function propertiesOf(schema: JsonSchema): Record<string, JsonSchema> {
  return (schema['properties'] ?? {}) as Record<string, JsonSchema>;
}

function nested(released: JsonSchema, current: JsonSchema, path: string, key: 'items' | 'additionalProperties'): string[] {
  const before = released[key];
  const now = current[key];
  if (!isSchema(now)) return now === false && before !== false ? [`${path}/*: extra fields are no longer allowed`] : [];
  return incompatibilities(isSchema(before) ? before : {}, now, `${path}/*`);
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null;
}
