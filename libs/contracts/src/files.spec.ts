import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { incompatibilities } from './compatibility.ts';
import { generated } from './files.ts';
import type { JsonSchema } from './json-schema.ts';

const folder = join(import.meta.dirname, '..');
const schemas = namesIn('schemas');

function namesIn(sub: string): string[] {
  return readdirSync(join(folder, sub)).map((name) => `${sub}/${name}`).sort();
}

function read(name: string): JsonSchema {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as JsonSchema;
}

test('the committed files are what the event schemas say (else: node libs/contracts/generate.ts)', () => {
  const files = generated();
  expect(['asyncapi.json', ...schemas]).toEqual(Object.keys(files).sort());
  for (const [name, text] of Object.entries(files)) expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
});

test.each(namesIn('released'))('%s: what subscribers rely on still holds', (name) => {
  const current = name.replace('released/', 'schemas/');
  expect(schemas).toContain(current);
  expect(incompatibilities(read(name), read(current))).toEqual([]);
});

test.each(schemas)('%s is a valid JSON Schema that has what every published event has', (name) => {
  const schema = read(name);
  const validate = new Ajv2020({ validateFormats: false }).compile(schema);
  expect(validate({})).toBe(false);
  expect(schema['required']).toEqual(expect.arrayContaining(['occurredOn', 'revision', 'actor']));
  expect(JSON.stringify(schema)).not.toContain('"additionalProperties":false');
});

test('every reference in asyncapi.json leads somewhere, and every schema is the payload of a message', () => {
  const references = [...JSON.stringify(read('asyncapi.json')).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target!);
  for (const reference of references.filter((one) => one.startsWith('#/'))) expect(resolve(reference)).toBeDefined();
  expect(references.filter((one) => one.startsWith('./')).sort()).toEqual(schemas.map((name) => `./${name}`));
});

function resolve(reference: string): unknown {
  let at: unknown = read('asyncapi.json');
  for (const part of reference.slice(2).split('/')) at = (at as JsonSchema)[part];
  return at;
}
