import type { RecordedText } from '#domain/event.ts';
import type { EventStore } from './event-store.ts';
import { pagesUpTo } from './pages-up-to.ts';

const { signal } = new AbortController();

/** A store that answers with these pages, one for each time it is asked; then with none. */
function storeOf(...pages: (number[] | Error)[]): { store: EventStore; asked: number[] } {
  const asked: number[] = [];
  const readAllText = (after: number): Promise<RecordedText[]> => {
    const page = pages[asked.length] ?? [];
    asked.push(after);
    return page instanceof Error ? Promise.reject(page) : Promise.resolve(page.map((position) => ({ position }) as RecordedText));
  };
  return { store: { readAllText } as unknown as EventStore, asked };
}

async function positionsOf(pages: AsyncIterable<RecordedText[]>): Promise<number[][]> {
  const found: number[][] = [];
  for await (const page of pages) found.push(page.map(({ position }) => position));
  return found;
}

test('gives pages up to the end and nothing of what came since, each read once', async () => {
  const { store, asked } = storeOf([3, 7], [12], [20, 25, 31]);
  expect(await positionsOf(pagesUpTo(store, 0, 25, signal))).toEqual([[3, 7], [12], [20, 25]]);
  expect(asked).toEqual([0, 7, 12]);
});

test('asks for nothing where there is nothing above', async () => {
  const { store, asked } = storeOf([3]);
  expect(await positionsOf(pagesUpTo(store, 25, 25, signal))).toEqual([]);
  expect(asked).toEqual([]);
});

test('waits for a node that is behind', async () => {
  const { store, asked } = storeOf([3], [], [], [7], [], [9]);
  expect(await positionsOf(pagesUpTo(store, 0, 9, signal))).toEqual([[3], [7], [9]]);
  expect(asked).toEqual([0, 3, 3, 3, 7, 7]);
});

test('tells of an end that it never gets to', async () => {
  const { store } = storeOf([3]);
  await expect(positionsOf(pagesUpTo(store, 0, 9, signal))).rejects.toThrow('tells of an end at position 9 and gives no event above 3');
});

test('ends when it is aborted, while it waits too', async () => {
  const stop = new AbortController();
  const pages = pagesUpTo(storeOf([3], []).store, 0, 9, stop.signal);
  expect((await pages.next()).value).toEqual([{ position: 3 }]);
  const waiting = pages.next();
  stop.abort();
  await expect(waiting).rejects.toThrow('aborted');
});

test('who leaves is not troubled by a page that was read ahead and failed', async () => {
  const pages = pagesUpTo(storeOf([3], new Error('away')).store, 0, 9, signal);
  for await (const page of pages) {
    expect(page).toEqual([{ position: 3 }]);
    break;
  }
  await expect(positionsOf(pagesUpTo(storeOf([3], new Error('away')).store, 0, 9, signal))).rejects.toThrow('away');
});
