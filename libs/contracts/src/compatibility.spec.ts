import { incompatibilities } from './compatibility.ts';
import type { JsonSchema } from './json-schema.ts';

const released: JsonSchema = {
  type: 'object',
  properties: {
    kind: { type: 'string', enum: ['lead', 'partner'] },
    amount: { anyOf: [{ type: 'string', maxLength: 20 }, { type: 'null' }] },
    days: { type: 'integer', minimum: 1 },
    lines: { type: 'array', items: { type: 'string', pattern: '^C' }, maxItems: 18 },
    titles: { type: 'object', properties: {}, additionalProperties: { type: 'string' } },
    note: { type: 'string' },
  },
  required: ['kind', 'days'],
};

/** The released schema with some of its properties changed; undefined takes one away. */
function changed(properties: Record<string, JsonSchema | undefined>, required = ['kind', 'days']): JsonSchema {
  const merged = Object.entries({ ...(released['properties'] as object), ...properties }).filter(([, schema]) => schema !== undefined);
  return { ...released, properties: Object.fromEntries(merged), required };
}

test.each<[string, JsonSchema]>([
  ['nothing changed', released],
  ['a new optional field', changed({ more: { type: 'boolean' } })],
  ['a wider enum', changed({ kind: { type: 'string', enum: ['lead', 'partner', 'observer'] } })],
  ['a wider type', changed({ days: { type: 'number', minimum: 0 } })],
  ['one more alternative', changed({ amount: { anyOf: [{ type: 'null' }, { type: 'string' }, { type: 'number' }] } })],
  ['a dropped pattern', changed({ lines: { type: 'array', items: { type: 'string' } } })],
])('compatible: %s', (_, current) => {
  expect(incompatibilities(released, current)).toEqual([]);
});

test.each<[string, JsonSchema, string[]]>([
  ['a removed field', changed({ note: undefined }), ['/note: is gone']],
  ['a new required field', changed({ more: {} }, ['kind', 'days', 'more']), ['/more: is newly required']],
  ['a field that becomes required', changed({}, ['kind', 'days', 'note']), ['/note: is newly required']],
  ['a field that becomes optional', changed({}, ['kind']), ['/days: is no longer always there']],
  ['a narrower enum', changed({ kind: { type: 'string', enum: ['lead'] } }), ['/kind: no longer allows "partner"']],
  ['a new enum', changed({ note: { type: 'string', enum: ['a'] } }), ['/note: is now limited to ["a"]']],
  ['another type', changed({ note: { type: 'number' } }), ['/note: no longer allows type string']],
  ['a lost alternative', changed({ amount: { type: 'string' } }), ['/amount: no longer allows {"type":"null"}']],
  ['a raised minimum', changed({ days: { type: 'integer', minimum: 2 } }), ['/days: minimum is narrower']],
  ['a lowered maximum', changed({ lines: { type: 'array', items: { type: 'string', pattern: '^C' }, maxItems: 3 } }), ['/lines: maxItems is narrower']],
  ['another pattern inside a list', changed({ lines: { type: 'array', items: { type: 'string', pattern: '^D' }, maxItems: 18 } }), ['/lines/*: pattern is narrower']],
  ['another type of map', changed({ titles: { type: 'object', properties: {}, additionalProperties: { type: 'number' } } }), ['/titles/*: no longer allows type string']],
  ['a closed object', { ...released, additionalProperties: false }, ['/*: extra fields are no longer allowed']],
])('incompatible: %s', (_, current, problems) => {
  expect(incompatibilities(released, current)).toEqual(problems);
});
