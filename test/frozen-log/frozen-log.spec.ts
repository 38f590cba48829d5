import { readFileSync } from 'node:fs';
import { eventType } from '#domain/events.ts';
import { expectationsFile, missingIn, outcomeOf, readFrozenLogs, type Outcome } from './frozen-logs.ts';

const logs = readFrozenLogs();
const expected = JSON.parse(readFileSync(expectationsFile, 'utf8')) as Record<string, Outcome>;
const FREEZE = 'node --import ./test/typescript.mjs test/frozen-log/freeze.ts';

test(`every event type is frozen in the version that this build writes (else: ${FREEZE})`, () => {
  expect(missingIn(logs)).toEqual([]);
});

test('a type or a version that no log holds is missed', () => {
  const older = logs.map((log) => ({ ...log, events: log.events.map((event) => ({ ...event, metadata: { ...event.metadata, schemaVersion: 0 } })) }));
  expect(missingIn(older)).toContain('CommitmentSubmitted version 1');
  const without = logs.map((log) => ({ ...log, events: log.events.filter(({ type }) => type !== 'AgencyRenamed') }));
  expect(missingIn(without)).toEqual(['AgencyRenamed version 1']);
});

test('no frozen log was removed, and none is without its expectation', () => {
  expect(logs.map(({ name }) => name)).toEqual(Object.keys(expected));
});

test.each(logs.map((log) => [log.name, log] as const))('%s is as it was frozen, and this build reads each event by its schema', (name, log) => {
  expect(outcomeOf(log).log).toBe(expected[name]!.log);
  for (const event of log.events) expect(eventType(event.type)!.data.safeParse(event.data)).toMatchObject({ success: true });
});

test.each(logs.map((log) => [log.name, log] as const))(`%s comes to the same states, published events and view rows (else, where that is meant: ${FREEZE} --expect)`, (name, log) => {
  const { states, published, views } = outcomeOf(log);
  expect({ states, published, views }).toEqual({ states: expected[name]!.states, published: expected[name]!.published, views: expected[name]!.views });
});
