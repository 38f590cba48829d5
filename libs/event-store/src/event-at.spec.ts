import type { RecordedEvent } from '#domain/event.ts';
import { eventAt, eventsAbove } from './event-at.ts';
import type { EventStore } from './event-store.ts';
import { holdsPosition } from './holds-position.ts';

/** A log that ends at a position, read from a node that has come to each of these positions, one after the other. */
function behind(head: number, ...reached: number[]): EventStore {
  const positions = [300, 700, 1_100];
  const readAll = async (after: number, limit: number): Promise<RecordedEvent[]> => {
    const end = reached.length > 1 ? reached.shift()! : reached[0]!;
    return positions.filter((position) => position > after && position <= end).slice(0, limit).map((position) => ({ position }) as RecordedEvent);
  };
  return { readAll, head: async () => head } as unknown as EventStore;
}

test('a node that is behind is waited for', async () => {
  expect(await eventsAbove(behind(1_100, 700, 700, 1_100), 700, 10)).toMatchObject([{ position: 1_100 }]);
  expect(await holdsPosition(behind(1_100, 700, 1_100), 1_100)).toBe(true);
  expect(await holdsPosition(behind(1_100, 700, 1_100), 1_000)).toBe(false);
});

test('where the log ends there is nothing to wait for', async () => {
  expect(await eventsAbove(behind(1_100, 1_100), 1_100, 10)).toEqual([]);
  expect(await eventAt(behind(700, 700), 1_100)).toBeUndefined();
  expect(await holdsPosition(behind(700, 700), 1_100)).toBe(false);
});

test('a node that stays behind is trouble, and not a log that has lost its end', async () => {
  await expect(holdsPosition(behind(1_100, 700), 1_100)).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('ends at position 1100') });
});
