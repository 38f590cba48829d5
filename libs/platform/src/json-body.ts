import { pointerTo, Problem, type ProblemDetail } from './problem.ts';

/** Deepest nesting of objects and lists in a body; the deepest schema there is needs a third of it. */
export const DEPTH_MAX = 32;
/** Most entries of objects and lists in a body, all together; the largest schema there is needs a third of it. Checking each takes its time. */
export const ENTRIES_MAX = 10_000;

/**
 * The value of a JSON text in UTF-8. Stricter than JSON.parse: bounded in depth and in entries; an object names a
 * field once, for of two with one name the one that was not meant could be kept; and no field is `__proto__`, which code
 * that copies fields takes for something else.
 * @throws Problem REQUEST.MALFORMED_JSON (400), with the place and the rule where the text is JSON but breaks one
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    // The log keeps text for ever, so bytes that are not UTF-8 are refused instead of being replaced.
    text = UTF_8.decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new Problem(400, 'REQUEST.MALFORMED_JSON', 'the body is not JSON in UTF-8', { cause });
  }
  const broken = brokenRule(text);
  if (broken) throw new Problem(400, 'REQUEST.MALFORMED_JSON', `the body is JSON that is not taken: ${broken.pointer || 'it'} ${broken.message}`, { errors: [broken] });
  return value;
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** An object or a list that the scan is in: the names seen in it (a list has none), and the field or place it is at. */
interface Level {
  names: Set<string> | undefined;
  at: string | number;
}

/** The first thing that is wrong with a text that is known to be JSON: JSON.parse does not tell of names that came twice. */
function brokenRule(text: string): ProblemDetail | undefined {
  const levels: Level[] = [];
  let entries = 0;
  const broken = (rule: string, message: string): ProblemDetail => ({ pointer: pointerTo(levels.map(({ at }) => at)), rule, message });
  for (let index = 0; index < text.length; index++) {
    const level = levels.at(-1);
    switch (text.charCodeAt(index)) {
      case OBJECT:
      case LIST:
        if (levels.length === DEPTH_MAX) return broken('too_deep', `is nested deeper than ${DEPTH_MAX}`);
        levels.push(text.charCodeAt(index) === OBJECT ? { names: new Set(), at: '' } : { names: undefined, at: 0 });
        entries += 1;
        break;
      case OBJECT_END:
      case LIST_END:
        levels.pop();
        break;
      case COMMA:
        if (typeof level?.at === 'number') level.at += 1;
        entries += 1;
        if (entries > ENTRIES_MAX) return { pointer: '', rule: 'too_many_entries', message: `holds more than ${ENTRIES_MAX} entries` };
        break;
      case QUOTE: {
        const end = endOfString(text, index);
        if (level?.names && isName(text, end)) {
          level.at = stringAt(text, index, end);
          if (level.names.has(level.at)) return broken('duplicate_field', 'is there twice');
          if (level.at === '__proto__') return broken('unknown_field', 'is not a field anywhere');
          level.names.add(level.at);
        }
        index = end;
      }
    }
  }
  return undefined;
}

const [OBJECT, OBJECT_END, LIST, LIST_END, COMMA, QUOTE, BACKSLASH] = [...'{}[],"\\'].map((sign) => sign.charCodeAt(0));

/** Index of the closing quote: the first one that an even number of backslashes stands before. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text.charCodeAt(before - 1) === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
}

/** A string is a name where a colon follows it. */
function isName(text: string, end: number): boolean {
  AFTER_STRING.lastIndex = end + 1;
  return AFTER_STRING.test(text);
}

const AFTER_STRING = /[ \t\r\n]*:/y;

function stringAt(text: string, start: number, end: number): string {
  const inside = text.slice(start + 1, end);
  return inside.includes('\\') ? (JSON.parse(`"${inside}"`) as string) : inside;
}
