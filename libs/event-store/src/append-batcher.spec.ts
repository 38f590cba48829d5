import type { CheckedAppend } from './check-append.ts';
import type { AppendResult } from './event-store.ts';
import { AppendBatcher, type BatchBounds } from './append-batcher.ts';

const BOUNDS: BatchBounds = { batchEventsMax: 10, batchBytesMax: 1_000, queueAppendsMax: 100, queueBytesMax: 10_000, batchesMax: 1 };

test('the first batch takes what came at once; the next fills while it is under way', async () => {
  const { batcher, sent, answer } = batcherByHand();
  const first = [batcher.append(append('s-1')), batcher.append(append('s-2'))];
  await nextTurn();
  const later = [batcher.append(append('s-3')), batcher.append(append('s-4')), batcher.append(append('s-5'))];
  await nextTurn();
  expect(sent).toEqual([['s-1', 's-2']]);
  answer();
  await Promise.all(first);
  await nextTurn();
  expect(sent).toEqual([['s-1', 's-2'], ['s-3', 's-4', 's-5']]);
  answer();
  await Promise.all(later);
});

test('a batch holds one append per stream; those held back keep their order and take turns with other streams', async () => {
  const { batcher, sent, answerAll } = batcherByHand();
  const order: string[] = [];
  const appends = ['s-1', 's-1', 's-1', 's-2', 's-2', 's-3'].map((stream, index) =>
    batcher.append(append(stream)).then(() => order.push(`${stream} ${index}`)),
  );
  await answerAll();
  await Promise.all(appends);
  expect(sent).toEqual([['s-1', 's-2', 's-3'], ['s-1', 's-2'], ['s-1']]);
  expect(order).toEqual(['s-1 0', 's-2 3', 's-3 5', 's-1 1', 's-2 4', 's-1 2']);
});

test('each append gets its own answer', async () => {
  const { batcher, answer } = batcherByHand();
  const appends = [batcher.append(append('s-1')), batcher.append(append('s-2')), batcher.append(append('s-3'))];
  await nextTurn();
  const refusal = new Error('refused');
  answer([fulfilled(1), { status: 'rejected', reason: refusal }, fulfilled(3)]);
  expect(await Promise.allSettled(appends)).toEqual([fulfilled(1), { status: 'rejected', reason: refusal }, fulfilled(3)]);
});

test('a batch is bounded in events and in bytes, but one append always goes', async () => {
  const { batcher, sent, answerAll } = batcherByHand();
  const appends = [
    append('s-1', { events: 4 }), append('s-2', { events: 6 }), append('s-3', { events: 1 }), append('s-4', { bytes: 999 }),
    append('s-5', { bytes: 2 }), append('s-6', { bytes: 5_000 }), append('s-7', { events: 50 }), append('s-8'),
  ].map((each) => batcher.append(each));
  await answerAll();
  await Promise.all(appends);
  expect(sent).toEqual([['s-1', 's-2'], ['s-3'], ['s-4'], ['s-5'], ['s-6'], ['s-7'], ['s-8']]);
});

test('the queue is bounded in appends and in bytes; what is beyond is turned away, and what waits is not touched', async () => {
  const few = batcherByHand({ ...BOUNDS, queueAppendsMax: 3 });
  const waiting = [1, 2, 3].map((n) => few.batcher.append(append(`s-${n}`)));
  await expect(few.batcher.append(append('s-4'))).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('waiting') });
  await few.answerAll();
  await Promise.all(waiting);
  expect(few.sent).toEqual([['s-1', 's-2', 's-3']]);

  const small = batcherByHand({ ...BOUNDS, queueBytesMax: 100 });
  const large = small.batcher.append(append('s-1', { bytes: 500 }));
  await expect(small.batcher.append(append('s-2', { bytes: 1 }))).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE' });
  await small.answerAll();
  await large;
  const after = small.batcher.append(append('s-3', { bytes: 100 }));
  await small.answerAll();
  await after;
});

test('when a batch fails, so does what waited behind it, and what comes later is sent', async () => {
  const { batcher, sent, answer, fail } = batcherByHand();
  const first = batcher.append(append('s-1'));
  const second = batcher.append(append('s-1'));
  await nextTurn();
  const third = batcher.append(append('s-2'));
  fail(new Error('out of reach'));
  for (const each of [first, second, third]) await expect(each).rejects.toThrow('out of reach');
  const later = batcher.append(append('s-3'));
  await nextTurn();
  answer();
  await later;
  expect(sent).toEqual([['s-1'], ['s-3']]);
});

test('many go in two batches at once: half, then the rest behind it; a stream under way waits for its answer', async () => {
  const { batcher, sent, answer, answerAll } = batcherByHand({ ...BOUNDS, batchEventsMax: 100, batchBytesMax: 10_000, queueAppendsMax: 1_000, batchesMax: 2 });
  const names = Array.from({ length: 128 }, (_, n) => `s-${n}`);
  const first = names.map((name) => batcher.append(append(name)));
  const again = [batcher.append(append('s-0')), batcher.append(append('s-80'))];
  await nextTurn();
  expect(sent).toEqual([names.slice(0, 64), names.slice(64)]);
  const few = Array.from({ length: 63 }, (_, n) => batcher.append(append(`t-${n}`)));
  await nextTurn();
  answer();
  await nextTurn();
  // With s-0 there are enough for a second batch; s-80 is still under way.
  expect(sent.slice(2)).toEqual([[...few.map((_, n) => `t-${n}`), 's-0']]);
  await answerAll();
  await Promise.all([...first, ...again, ...few]);
  expect(sent.slice(3)).toEqual([['s-80']]);
});

test('where one of two batches fails, the other still gets its answer', async () => {
  const { batcher, sent, answer, fail } = batcherByHand({ ...BOUNDS, batchEventsMax: 100, queueAppendsMax: 1_000, batchesMax: 2 });
  const appends = Array.from({ length: 128 }, (_, n) => batcher.append(append(`s-${n}`)));
  const heldBack = batcher.append(append('s-127'));
  await nextTurn();
  fail(new Error('out of reach'));
  answer();
  const outcomes = (await Promise.allSettled(appends)).map(({ status }) => status);
  expect(outcomes).toEqual([...Array(64).fill('rejected'), ...Array(64).fill('fulfilled')]);
  await expect(heldBack).rejects.toThrow('out of reach');
  const later = batcher.append(append('s-127'));
  await nextTurn();
  answer();
  await later;
  expect(sent).toHaveLength(3);
});

test('drain answers what was taken, and takes no more', async () => {
  const { batcher, answer, answerAll } = batcherByHand();
  const appends = [batcher.append(append('s-1')), batcher.append(append('s-1'))];
  const drained = batcher.drain();
  await expect(batcher.append(append('s-2'))).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE', message: expect.stringContaining('closing') });
  await nextTurn();
  answer();
  await answerAll();
  await drained;
  expect(await Promise.allSettled(appends)).toEqual([fulfilled(1), fulfilled(1)]);
});

/** A batcher whose batches are answered by the test. */
function batcherByHand(bounds: BatchBounds = BOUNDS) {
  const sent: string[][] = [];
  const open: { count: number; resolve(results: PromiseSettledResult<AppendResult>[]): void; reject(error: Error): void }[] = [];
  const batcher = new AppendBatcher((batch) => {
    if (open.length === bounds.batchesMax) throw new Error('more batches were sent at once than expected');
    sent.push(batch.map((each) => each.stream));
    return new Promise((resolve, reject) => open.push({ count: batch.length, resolve, reject }));
  }, bounds);
  /** Answered in order, as they were sent. */
  const take = () => open.shift()!;
  const answer = (results?: PromiseSettledResult<AppendResult>[]) => {
    const { count, resolve } = take();
    resolve(results ?? Array.from({ length: count }, () => fulfilled(1)));
  };
  return {
    batcher,
    sent,
    answer,
    fail: (error: Error) => take().reject(error),
    async answerAll() {
      for (await nextTurn(); open.length > 0; await nextTurn()) answer();
    },
  };
}

function append(stream: string, { events = 1, bytes = 10 } = {}): CheckedAppend {
  const event = { id: '', type: '', data: '', metadata: '' };
  return { stream, expected: 'any', events: Array(events).fill(event), bytes };
}

function fulfilled(revision: number): PromiseFulfilledResult<AppendResult> {
  return { status: 'fulfilled', value: { outcome: 'appended', revision, position: revision } };
}

/** Two turns of the event loop: one for the batcher to gather, one for it to send. */
async function nextTurn(): Promise<void> {
  for (let n = 0; n < 2; n += 1) await new Promise((resolve) => setImmediate(resolve));
}
