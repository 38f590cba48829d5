import { randomUUID } from 'node:crypto';
import type { NewEvent } from '#domain/event.ts';
import { spreadPositions } from '#testing/spread-positions.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { eventAt, eventAtOrAbove } from './event-at.ts';
import type { EventStore } from './event-store.ts';
import { positionsNotHeld } from './holds-position.ts';
import { LAG_EVENTS_MAX, logLag, toldEvents } from './log-lag.ts';
import { openEventStore } from './open-event-store.ts';
import { migrateEventLog } from './postgres/migrate-event-log.ts';

/** A log whose positions have gaps of hundreds. */
let database: TestDatabase;
let store: EventStore;

beforeAll(async () => {
  database = await testDatabase();
  await migrateEventLog(database.url);
  store = await openEventStore(database.url);
  for (let n = 0; n < 11; n += 1) await store.append('thing-1', 'any', Array.from({ length: 100 }, newEvent));
  await spreadPositions(database.url);
});

afterAll(async () => {
  await store.close();
  await database.drop();
});

test('a lag is a number of events, whatever the positions, and counted up to a bound', async () => {
  const events = await store.readAll(0, 10_000);
  const head = events.at(-1)!.position;
  expect(head).toBeGreaterThan(200 * events.length);
  const next = events.at(-3)!;
  const now = new Date(Date.parse(next.recordedAt) + 1_500);
  expect(await logLag(store, events.at(-4)!.position, now)).toEqual({ events: 3, seconds: 1.5 });
  // Where no event stands either.
  expect(await logLag(store, next.position - 1, now)).toEqual({ events: 3, seconds: 1.5 });
  expect(await logLag(store, head)).toEqual({ events: 0, seconds: 0 });
  expect(await logLag(store, head + 1_000)).toEqual({ events: 0, seconds: 0 });
  expect(await logLag(store, events[99]!.position)).toMatchObject({ events: LAG_EVENTS_MAX });
  expect((await logLag(store, events[100]!.position)).events).toBe(999);
  expect([0, 1, 999, 1_000].map(toldEvents)).toEqual(['0 events', '1 event', '999 events', '1000 events or more']);
});

test('an event is found at its position alone; where none stands the next is', async () => {
  const [first, second] = await store.readAll(0, 2);
  expect(await eventAt(store, second!.position)).toEqual(second);
  expect(await eventAt(store, second!.position - 1)).toBeUndefined();
  expect(await eventAt(store, 0)).toBeUndefined();
  expect(await eventAtOrAbove(store, first!.position + 1)).toEqual(second);
  expect(await eventAtOrAbove(store, 0)).toEqual(first);
  const head = await store.head();
  expect(await eventAtOrAbove(store, head + 1)).toBeUndefined();
  expect(await positionsNotHeld(store, [0, first!.position, first!.position + 1, head, head + 1, head + 1])).toEqual(new Set([first!.position + 1, head + 1]));
});

function newEvent(): NewEvent {
  return {
    id: randomUUID(), type: 'Happened', data: {},
    metadata: { commandId: randomUUID(), requestHash: '0'.repeat(64), actor: { id: 'someone', agency: 'UNDP', role: 'administrator' }, occurredOn: '2022-01-01', schemaVersion: 1, salt: '0'.repeat(32) },
  };
}
