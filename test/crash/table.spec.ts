import { tableOf, toJson, type Row } from './table.ts';

const rows: Row[] = [
  { name: 'kill -9 of one api', times: 3, acknowledged: 120, lost: 0, doubled: 0, repeats: 0, recoveryMs: [2_000, 900, 1_200] },
  { name: 'kill -9 of one publisher', times: 1, acknowledged: 30, lost: 2, doubled: 1, repeats: 4, recoveryMs: [] },
];

test('as JSON', () => {
  expect(toJson(rows)).toEqual([
    { harm: 'kill -9 of one api', times: 3, acknowledged: 120, lost: 0, doubled: 0, recoveryMsP50: 1_200, recoveryMsMax: 2_000 },
    { harm: 'kill -9 of one publisher', times: 1, acknowledged: 30, lost: 2, doubled: 1, recoveryMsP50: null, recoveryMsMax: null },
  ]);
});

test('as a table, with sums', () => {
  expect(tableOf(rows).split('\n')).toEqual([
    '| harm | times | acknowledged | lost | doubled | twice in Kafka | recovery p50 | max |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    '| kill -9 of one api | 3 | 120 | 0 | 0 | 0 | 1.2 s | 2.0 s |',
    '| kill -9 of one publisher | 1 | 30 | 2 | 1 | 4 |  |  |',
    '| all | 4 | 150 | 2 | 1 | 4 |  |  |',
  ]);
});
