import { atPace, percentile, race, takeTurns } from './bench.ts';

test('sides take turns, and the first round is not counted', async () => {
  const order: string[] = [];
  const side = (name: string, rates: number[]) => async (round: number) => {
    order.push(`${name}${round}`);
    return { rate: rates[round]! };
  };
  const medians = await takeTurns(3, { ours: side('a', [1, 30, 10, 20]), theirs: side('b', [1, 5, 7, 6]) });
  expect(order).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
  expect(medians).toEqual({ ours: { rate: 20 }, theirs: { rate: 6 } });
});

test.each([[0.5, 3], [0.99, 5], [1, 5], [0.01, 1]])('of five values, share %d is the %d-th', (share, value) => {
  expect(percentile([5, 1, 4, 2, 3], share)).toBe(value);
});

test('there is no percentile of nothing', () => {
  expect(() => percentile([], 0.5)).toThrow('no values');
});

test('a race does each piece of work once, with no more workers than asked for', async () => {
  const done: number[] = [];
  let atOnce = 0;
  let most = 0;
  const { rate, latencies } = await race(4, 50, async (index) => {
    most = Math.max(most, (atOnce += 1));
    await new Promise(setImmediate);
    done.push(index);
    atOnce -= 1;
  });
  expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect(most).toBe(4);
  expect(latencies).toHaveLength(50);
  expect(rate).toBeGreaterThan(0);
});

test('at a pace, work that hangs does not hold back the next, and its wait is counted', async () => {
  const waiting: (() => void)[] = [];
  const latencies = await atPace(1000, 5, () => new Promise<void>((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 5) for (const end of waiting) end();
  }));
  expect(latencies).toHaveLength(5);
  // All end together, and the first was due before the last.
  expect(latencies[0]).toBeGreaterThan(latencies[4]!);
});
