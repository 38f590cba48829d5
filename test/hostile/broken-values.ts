import type { Dice } from '#testing/dice.ts';

/** What nobody means to send, and somebody will. */
const strange: readonly unknown[] = [
  null, true, {}, [], [[[]]], '', ' ', '\n', 'x'.repeat(10_001), 'null', '0', 0, -1, 1.5, 2 ** 53, 1e308, -0,
  '\u0000', 'a\u0000b', '\ud800', '\udfff\ud800', '\u202e', '\ufeff', '\u007f', 'a\u0300'.repeat(50), '👩‍👩‍👧‍👦', 'ＵＮＤＰ', 'İ', 'ß',
  '0000-01-01', '1899-12-31', '2999-12-31', '3000-01-01', '9999-99-99', '2022-02-30', '2022-1-1', '+275760-09-13', '2022-01-01T00:00:00Z',
  'C7', 'C12', 'C0', 'UNDP.', '..', '.', '-', '1e5', '1,5', 'NaN', 'Infinity', '-0', '0.0000000000', '9'.repeat(19), '999999999999999999.999999999',
  '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'someone@example.org', '+41 22 730 5111', "' or 1=1 --", '%00', '../../etc/passwd', '${7*7}', '<script>',
  '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '0F3C9D3E-5A3B-5E0A-9C55-0D6A1F1A7B11',
];

/** A JSON value with one thing changed for the worse, as JSON text. */
export function brokenBody(value: unknown, dice: Dice): string {
  const copy = { root: structuredClone(value) };
  const [holder, key] = dice.pick(placesIn(copy));
  switch (dice.int(0, 4)) {
    case 0:
      delete holder[key];
      break;
    case 1:
      if (typeof holder[key] === 'object' && holder[key] !== null) (holder[key] as Holder)[dice.pick(strangeNames)] = dice.pick(strange);
      else holder[key] = [holder[key]];
      break;
    case 2:
      if (Array.isArray(holder[key])) holder[key] = [...holder[key], ...holder[key], ...holder[key]];
      else holder[key] = { [dice.pick(strangeNames)]: holder[key] };
      break;
    default:
      holder[key] = dice.pick(strange);
  }
  const text = JSON.stringify(copy.root) ?? '';
  return dice.chance(0.1) ? brokenText(text, dice) : text;
}

/** Text in the place of a parameter or header. */
export function brokenText(text: string, dice: Dice): string {
  const at = dice.int(0, text.length);
  switch (dice.int(0, 4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + dice.pick(['\u0000', '"', '{', ',', '\\', ' ', '%', '🌍', '9', "'", '-']) + text.slice(at);
    case 2:
      return text + text;
    case 3:
      return text.toUpperCase();
    default:
      return String(dice.pick(strange));
  }
}

/** Text that Node's client takes as the value of a header, and sends as it is. */
export function brokenHeader(text: string, dice: Dice): string {
  return brokenText(text, dice).replace(/[^\x20-\x7e\xa0-\xff]/g, '?').slice(0, 2000).trim();
}

const strangeNames = ['constructor', 'toString', 'prototype', 'x', '', 'id', 'type', '0', 'en-', 'é', '\u0000', '\ud800', 'occurredOn', 'lead'];

type Holder = Record<PropertyKey, unknown>;

/** Every place inside, the whole among them, as what holds it and under which key. */
function placesIn(value: object): [holder: Holder, key: string][] {
  return Object.entries(value).flatMap(([key, inner]) => [[value as Holder, key] as [Holder, string], ...(typeof inner === 'object' && inner !== null ? placesIn(inner as object) : [])]);
}
