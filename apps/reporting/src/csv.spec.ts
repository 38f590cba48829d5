import { csv } from './csv.ts';

test.each([
  ['plain', 'plain'],
  ['with, comma', '"with, comma"'],
  ['with "quotes"', '"with ""quotes"""'],
  ['two\nlines', '"two\nlines"'],
  ['=1+1', '\'=1+1'],
  ['@SUM(A1), more', '"\'@SUM(A1), more"'],
  [7, '7'],
  [-7, '-7'],
  [null, ''],
])('%j is written as %s', (value, text) => {
  expect(csv(['a', 'b'], [{ a: value, b: 'x' }])).toBe(`a,b\r\n${text},x\r\n`);
});
