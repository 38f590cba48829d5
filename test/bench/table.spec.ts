import type { Row } from './bench.ts';
import { isMet, jsonRow, tableOf } from './table.ts';

const row = (change: Partial<Row>): Row => ({ name: 'append', unit: 'events/s', ours: 90, peer: { name: 'bare INSERT', value: 100 }, goal: 'none', ...change });

test.each<[Row['goal'], boolean | null]>([
  [{ atLeast: 0.9 }, true], [{ atLeast: 0.91 }, false], [{ atMost: 0.9 }, true], [{ atMost: 0.89 }, false],
  [{ within: 90 }, true], [{ within: 89 }, false], ['none', null],
])('90 beside 100 with the goal %j: met %s', (goal, met) => {
  expect(isMet(row({ goal }))).toBe(met);
});

test('a goal that names a peer needs one', () => {
  expect(() => isMet(row({ goal: { atLeast: 1 }, peer: undefined }))).toThrow('no peer');
});

test('as JSON', () => {
  expect(jsonRow(row({ ours: 2 / 3, goal: { atLeast: 0.5 } }), true)).toEqual({
    name: 'append', ours: 0.6667, peer: 100, ratio: 0.006667, goal: 'at least 0.5 x bare INSERT', met: false,
  });
  expect(jsonRow(row({ peer: undefined, goal: { within: 100 } }), false)).toEqual({
    name: 'append', ours: 90, peer: null, ratio: null, goal: 'within 100 events/s', met: null,
  });
});

test('as a table', () => {
  expect(tableOf([row({ ours: 12345, goal: { atMost: 1 }, detail: 'p50 3 ms' }), row({ unit: 'ms', ours: 1.5, peer: undefined, goal: { within: 2 } })], true)).toBe([
    '| what   | ours            | peer                      | ratio  | goal                    | met | also seen |',
    '| ------ | --------------- | ------------------------- | ------ | ----------------------- | --- | --------- |',
    '| append | 12,345 events/s | bare INSERT: 100 events/s | 123.45 | at most 1 x bare INSERT | NO  | p50 3 ms  |',
    '| append | 1.50 ms         |                           |        | within 2 ms             | yes |           |',
  ].join('\n'));
});
