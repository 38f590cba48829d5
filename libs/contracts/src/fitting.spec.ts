import { eventTypes } from '#domain/events.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { logOf } from '#testing/given.ts';
import { everything } from '#testing/scenes.ts';
import { checkOf, MisfitEventError, requireFitting } from './fitting.ts';

const log = logOf(everything);

test('every event that was ever made fits, of every type there is', () => {
  for (const event of log) expect(() => requireFitting(event)).not.toThrow();
  expect(new Set(log.map(({ type }) => type))).toEqual(new Set(Object.values(eventTypes).flat().map(({ type }) => type)));
});

const [started, reported, registered] = ['CommitmentStarted', 'ObstacleReported', 'CommitmentRegistered'].map((name) => log.find(({ type }) => type === name)!) as [RecordedEvent, RecordedEvent, RecordedEvent];

function withData(event: RecordedEvent, change: object): RecordedEvent {
  return { ...event, data: { ...(event.data as object), ...change } };
}

test.each<[string, RecordedEvent, string]>([
  ['no object', { ...started, data: [] }, 'data must be an object'],
  ['nothing', { ...started, data: null }, 'data must be an object'],
  ['a field that is missing', withData(reported, { agency: undefined }), 'data/agency is missing'],
  ['another type', withData(reported, { description: 'many words' }), 'data/description must be an object'],
  ['another type, deeper', withData(reported, { description: { text: 7, language: 'en' } }), 'data/description/text must be text'],
  ['another form', withData(reported, { agency: 'not an agency' }), 'data/agency must have the form ^[A-Za-z]'],
])('%s is told, with its place', (_, event, problem) => {
  expect(() => requireFitting(event)).toThrow(MisfitEventError);
  expect(() => requireFitting(event)).toThrow(`its data does not fit the schema of ${event.type}: ${problem}`);
});

test('an item of a list, and what is one of several', () => {
  const { content } = registered.data as { content: object };
  expect(() => requireFitting(withData(registered, { content: { ...content, actionLines: ['C4', 'D4'] } }))).toThrow('data/content/actionLines/1 must have the form');
  expect(() => requireFitting(withData(registered, { content: { ...content, kind: 'kind' } }))).toThrow('data/content/kind must be "financial" or');
});

test('fields that come later, and what breaks no more than a bound, are no misfits', () => {
  expect(() => requireFitting(withData(reported, { mood: 'hopeful' }))).not.toThrow();
  expect(() => requireFitting(withData(reported, { description: { text: 'x'.repeat(100_000), language: 'en' } }))).not.toThrow();
});

test.each<[unknown, object, string | undefined]>([
  [3, { type: 'integer' }, undefined],
  [3.5, { type: 'integer' }, ' must be a whole number'],
  [true, { type: 'boolean' }, undefined],
  [1, { type: 'boolean' }, ' must be a boolean'],
  [null, { anyOf: [{ type: 'string' }, { type: 'null' }] }, undefined],
  [1, { anyOf: [{ type: 'string' }, { type: 'null' }] }, ' fits none of its alternatives'],
  ['b', { const: 'a' }, ' must be "a"'],
  ['a', {}, undefined],
  [{ C4: 'x' }, { type: 'object', additionalProperties: { type: 'string' } }, undefined],
  [{ C4: 1 }, { type: 'object', additionalProperties: { type: 'string' } }, '/C4 must be text'],
  [{ kind: 'a', n: 'x' }, { type: 'object', properties: { kind: { const: 'a' } }, oneOf: [{ type: 'object', properties: { n: { type: 'integer' } } }] }, ' fits none of its alternatives'],
])('%j against %j', (value, schema, problem) => {
  expect(checkOf(schema as Record<string, unknown>)(value)).toBe(problem);
});

test('what it can not check it refuses to pass over', () => {
  expect(() => checkOf({ type: 'object', properties: { a: { allOf: [{ type: 'string' }] } } })).toThrow('no check is written for allOf of a JSON Schema');
});
