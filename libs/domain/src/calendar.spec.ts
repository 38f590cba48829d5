import { addDays, daysBetween } from './calendar.ts';

test.each([
  ['2022-12-31', 1, '2023-01-01'],
  ['2020-02-28', 1, '2020-02-29'],
  ['2021-02-28', 1, '2021-03-01'],
  ['2022-03-27', 1, '2022-03-28'],
  ['2022-01-01', -1, '2021-12-31'],
  ['2021-06-01', 365, '2022-06-01'],
  ['2999-12-31', 3651, '3009-12-30'],
  ['2022-01-01', 0, '2022-01-01'],
])('%s and %i days is %s', (date, days, expected) => {
  expect(addDays(date, days)).toBe(expected);
  expect(daysBetween(date, expected)).toBe(days);
});

test('a day is a day where clocks change', () => {
  expect(daysBetween('2022-03-26', '2022-03-28')).toBe(2);
  expect(daysBetween('2022-10-29', '2022-10-31')).toBe(2);
});
