import { logOf } from '#testing/given.ts';
import { fold } from '#testing/ledger-in-memory.ts';
import { everything } from '#testing/scenes.ts';
import { UnknownEventError, type RecordedEvent } from './event.ts';
import { eventType, eventTypes } from './events.ts';
import { streams } from './streams.ts';
import type { Category } from './use-case.ts';

const log = logOf(everything);
const types = Object.entries(eventTypes).flatMap(([category, ofCategory]) => ofCategory.map(({ type }) => [type as string, category as Category] as const));
const streamsOf = (category: Category) => [...new Set(log.map(({ stream }) => stream))].filter((stream) => stream.startsWith(`${category}-`));

test('names are unique across categories', () => {
  const names = types.map(([type]) => type);
  expect(new Set(names).size).toBe(names.length);
});

test.each(types)('%s is found by its name, of a %s, and happens', (type, category) => {
  expect(eventType(type)).toMatchObject({ type, category });
  expect(log.some((event) => event.type === type)).toBe(true);
});

test('one that newer software wrote is not found', () => {
  expect(eventType('ForumHeld')).toBeUndefined();
  expect(eventType('constructor')).toBeUndefined();
});

test.each(types)('%s changes the state of its %s', (type, category) => {
  const changes = streamsOf(category).flatMap((stream) => {
    const events = log.filter((event) => event.stream === stream);
    return events.flatMap((event, index) => (event.type === type ? [[fold(category, events.slice(0, index)), fold(category, events.slice(0, index + 1))]] : []));
  });
  for (const [before, after] of changes) expect(after).not.toEqual(before);
  expect(changes.length).toBeGreaterThan(0);
});

test.each(types)('%s names the thing that it is about and its status', (type, category) => {
  for (const stream of streamsOf(category)) {
    const events = log.filter((event) => event.stream === stream);
    const last = events.findLastIndex((event) => event.type === type);
    if (last < 0) continue;
    const { subject } = streams[category] as { subject(state: unknown, event: RecordedEvent): { id: string; status: string } };
    const { id, status } = subject(fold(category, events.slice(0, last + 1)), events[last]!);
    expect(id).toMatch(/\S/);
    expect(status).toMatch(/^[a-z-]+$/);
  }
});

test.each(Object.keys(eventTypes) as Category[])('a %s does not fold an event that it does not know: newer software wrote it', (category) => {
  const unknown = { ...log[0]!, type: 'ForumHeld' };
  expect(() => fold(category, [unknown])).toThrow(UnknownEventError);
  expect(() => fold(category, [unknown])).toThrow('unknown event type ForumHeld');
});

test('what is drafted, proposed, returned or discarded is restricted; everything else is public', () => {
  const restricted = Object.values(eventTypes).flat().filter((type) => !type.public).map(({ type }) => type);
  expect(restricted.sort()).toEqual([
    'AmendmentProposed', 'AmendmentReturned', 'CommitmentDiscarded', 'CommitmentResubmitted', 'CommitmentReturned', 'CommitmentSubmitted', 'FindingRaised',
    'ProgressReturned', 'ProgressSubmitted', 'TargetProposed', 'TargetReturned',
  ]);
});
