/**
 * Decimal arithmetic on decimal text, exact: numbers are held as integers of 10^-9.
 * Reported values are text so that no float ever rounds them.
 */
const SCALE_DIGITS = 9;
const SCALE = 10n ** BigInt(SCALE_DIGITS);

/** `"75.6"` as 75600000000n. */
export function scaled(decimal: string): bigint {
  const negative = decimal.startsWith('-');
  const [whole = '0', fraction = ''] = (negative ? decimal.slice(1) : decimal).split('.');
  const value = BigInt(whole) * SCALE + BigInt(fraction.padEnd(SCALE_DIGITS, '0').slice(0, SCALE_DIGITS));
  return negative ? -value : value;
}

/** Negative, zero or positive, as `a` is below, equal to or above `b`. */
export function compareDecimals(a: string, b: string): number {
  const difference = scaled(a) - scaled(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** `numerator / denominator` in per cent with one digit after the point, halves rounded away from zero: `"49.5"`. */
export function percent(numerator: bigint, denominator: bigint): string {
  const negative = numerator < 0n !== denominator < 0n;
  const top = abs(numerator) * 1000n;
  const bottom = abs(denominator);
  const tenths = (top * 2n + bottom) / (bottom * 2n);
  return `${negative && tenths > 0n ? '-' : ''}${tenths / 10n}.${tenths % 10n}`;
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
