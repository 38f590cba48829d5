import fc from 'fast-check';
import { compareDecimals, percent, scaled } from './decimal.ts';

test.each([
  ['0', 0n],
  ['75.6', 75_600_000_000n],
  ['-75.6', -75_600_000_000n],
  ['-0', 0n],
  ['-0.000000001', -1n],
  ['007', 7_000_000_000n],
  ['999999999999999999.999999999', 999_999_999_999_999_999_999_999_999n],
])('%s is held exactly', (decimal, value) => {
  expect(scaled(decimal)).toBe(value);
});

test.each([
  ['0.1', '0.10', 0],
  ['9', '10', -1],
  ['-9', '-10', 1],
  ['1000000000000000001', '1000000000000000000', 1],
  ['0.000000001', '0', 1],
])('%s compared with %s: %i', (a, b, expected) => {
  expect(compareDecimals(a, b)).toBe(expected);
  expect(compareDecimals(b, a)).toBe(0 - expected);
});

test.each([
  [146n, 193n, '75.6'],
  [46n, 93n, '49.5'],
  [1n, 1n, '100.0'],
  [0n, 7n, '0.0'],
  [1n, 2000n, '0.1'],
  [1n, 2001n, '0.0'],
  [-1n, 2000n, '-0.1'],
  [-1n, 2001n, '0.0'],
  [1n, -4n, '-25.0'],
  [-3n, -4n, '75.0'],
  [5n, 2n, '250.0'],
])('%d of %d is %s per cent', (numerator, denominator, expected) => {
  expect(percent(numerator, denominator)).toBe(expected);
});

test('what is held as text of whole billionths comes back', () => {
  const billionths = fc.bigInt({ min: -(10n ** 27n) + 1n, max: 10n ** 27n - 1n });
  fc.assert(fc.property(billionths, billionths, (a, b) => {
    expect(scaled(asText(a))).toBe(a);
    expect(Math.sign(compareDecimals(asText(a), asText(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
  }));
});

function asText(billionths: bigint): string {
  const digits = String(billionths < 0n ? -billionths : billionths).padStart(10, '0');
  return `${billionths < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
