import fc, { type Arbitrary } from 'fast-check';
import type { Dice } from '#testing/dice.ts';
import type { Schema } from './described-api.ts';

/** By field name: values that exist, for fields whose schema says less than what a decision asks for. Never empty. */
export type Known = Readonly<Record<string, () => readonly unknown[]>>;

/** Makes values that fit a schema: of known ones where a field's name has some, and most of the time nothing for a field that is seldom right. */
export class SchemaValues {
  readonly #made = new WeakMap<Schema, Arbitrary<unknown>>();

  constructor(
    private readonly known: Known,
    private readonly seldom: ReadonlySet<string>,
  ) {}

  /** One value that fits. */
  valueOf(schema: Schema, name: string, dice: Dice): unknown {
    return fc.sample(this.#named(schema, name), { numRuns: 1, seed: dice.draw() | 0 })[0];
  }

  /** The value with some of its parts made anew. */
  varied(value: unknown, schema: Schema, name: string, dice: Dice): unknown {
    if (dice.chance(0.15) || !isObject(value)) return this.valueOf(schema, name, dice);
    if (Array.isArray(value)) return value.map((item) => (dice.chance(0.3) ? this.varied(item, schema.items!, name, dice) : item));
    const { properties } = schema;
    // One of several shapes is kept whole, or made anew.
    if (!properties) return value;
    const fields = Object.entries(value).map(([field, inner]) => [field, properties[field] && dice.chance(0.4) ? this.varied(inner, properties[field], field, dice) : inner]);
    return Object.fromEntries(fields);
  }

  #named(schema: Schema, name: string): Arbitrary<unknown> {
    const known = this.known[name];
    const any = this.#arbitraryOf(schema, name);
    if (!known || schema.enum || schema.type === 'array') return any;
    const one = fc.noBias(fc.nat()).map((number) => known()[number % known().length]);
    return fc.oneof({ weight: 12, arbitrary: one }, { weight: 1, arbitrary: any });
  }

  #arbitraryOf(schema: Schema, name: string): Arbitrary<unknown> {
    const arbitrary = this.#made.get(schema) ?? this.#make(schema, name);
    this.#made.set(schema, arbitrary);
    return arbitrary;
  }

  #make(schema: Schema, name: string): Arbitrary<unknown> {
    const shapes = schema.anyOf ?? schema.oneOf;
    if (shapes) return fc.oneof(...shapes.map((shape) => this.#named(shape, name)));
    if (schema.enum) return fc.constantFrom(...schema.enum);
    switch (schema.type) {
      case 'object':
        return this.#objectOf(schema);
      case 'array': {
        const { minItems = 0, maxItems = minItems + 10 } = schema;
        return fc.uniqueArray(this.#named(schema.items!, name), { minLength: minItems, maxLength: Math.min(maxItems, minItems + 4), selector: (item) => JSON.stringify(item) });
      }
      case 'integer':
        return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1000, 2 ** 31 - 1) });
      case 'boolean':
        return fc.boolean();
      case 'null':
        return fc.constant(null);
      case 'string':
        return textOf(schema);
      default:
        return fc.jsonValue();
    }
  }

  #objectOf({ properties = {}, required = [], additionalProperties }: Schema): Arbitrary<unknown> {
    const fields = Object.entries(properties).map(([name, inner]) => {
      const value = this.#named(inner, name);
      if (required.includes(name)) return [name, value];
      const absent = { weight: this.seldom.has(name) ? 20 : 1, arbitrary: fc.constant(undefined) };
      return [name, fc.oneof({ weight: 1, arbitrary: value }, absent)];
    });
    const described: Arbitrary<object> = fc.record(Object.fromEntries(fields) as Record<string, Arbitrary<unknown>>);
    if (typeof additionalProperties !== 'object') return described;
    const more = fc.dictionary(fc.constantFrom('fr', 'zh-Hans', 'ar', 'ru', 'sw'), this.#named(additionalProperties, ''), { maxKeys: 3 });
    return fc.tuple(more, described).map(([others, own]) => ({ ...others, ...own }));
  }
}

function textOf({ format, pattern, minLength = 0, maxLength = 100 }: Schema): Arbitrary<string> {
  if (format === 'date') return dates;
  if (format === 'date-time') return fc.date({ min: new Date('1990-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }).map((date) => date.toISOString());
  if (format === 'uuid') return fc.uuid();
  if (format === 'uri') return fc.webUrl().map((url) => url.slice(0, maxLength));
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  const usual = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 12 }).map((several) => several.join(' '));
  const strange = fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 60) });
  const longest = fc.constant('x'.repeat(maxLength));
  return fc.oneof({ weight: 16, arbitrary: usual }, { weight: 3, arbitrary: strange }, { weight: 1, arbitrary: longest }).map((text) => text.slice(0, maxLength));
}

const words = ['labs', 'countries', 'survey', 'été', '世界', 'العالم', 'мир', 'naïve', '(sixty)', '“quoted”', "l'accès", '100 %', '🌍', 'a/b', '-', 'select', 'null', '&amp;', '\\', '"'];

const dates = fc.date({ min: new Date('1900-01-01'), max: new Date('2999-12-31'), noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10));

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
