import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { z } from 'zod';
import { plainText, PlainDate } from '#domain/values.ts';
import { CommandEnd, EXIT } from './exit-code.ts';

const Key = z.string().regex(/^[A-Za-z][A-Za-z0-9._-]{0,99}$/, 'must be 1 to 100 letters, digits, dots, dashes and underscores, beginning with a letter');
const Place = plainText(300);

/** One record of a file: a command, who gives it, and what it was read from. */
const FileRecord = z.strictObject({
  key: Key,
  command: z.string().regex(/^[A-Z][A-Za-z]{1,99}$/, 'must be the name of a command such as SubmitCommitment'),
  as: z.enum(['enters', 'approves'], { error: 'must be enters or approves' }).default('enters'),
  document: Place.optional(),
  place: Place,
  occurredOn: PlainDate.optional(),
  path: z.record(z.string(), z.union([z.string(), z.number()], { error: 'must be text or a number' })).default({}),
  body: z.record(z.string(), z.unknown()).default({}),
});

const FileHeader = z.strictObject({ document: Place.optional(), records: z.array(z.unknown()).max(100_000) });

/** A record that keeps to the format, ready to be sent once what it refers to has an id. */
export interface ImportRecord {
  file: string;
  key: string;
  command: string;
  as: 'enters' | 'approves';
  path: Record<string, string | number>;
  body: Record<string, unknown>;
  occurredOn: string | undefined;
  transcribedFrom: { document: string; place: string };
  /** Keys of earlier records whose ids it needs. */
  needs: readonly string[];
  /** Line of a field, by its path within the record; of the nearest thing around it where it is missing. */
  lineOf(path: readonly PropertyKey[]): number;
}

/** Something wrong with a record, or with a file as a whole. */
export interface Wrong {
  file: string;
  line: number;
  /** Of the record; absent where it has none. */
  key?: string;
  /** Where in the record: RFC 6901 pointer, '' for all of it. */
  field: string;
  rule: string;
  message: string;
}

export interface ImportFiles {
  /** How many records there are, the wrong ones among them. */
  count: number;
  records: ImportRecord[];
  wrong: Wrong[];
  /** Keys of records that are not among `records` because they are wrong. */
  wrongKeys: ReadonlySet<string>;
}

const FILE_BYTES_MAX = 20_000_000;

/**
 * Reads a YAML file, or those of a folder in the order of their names, and checks every record's format.
 * Whatever keeps to it is returned; everything that does not is listed.
 * @throws CommandEnd when there is no such file, or no YAML file in the folder
 */
export function readImportFiles(path: string): ImportFiles {
  const read: ImportFiles & { wrongKeys: Set<string> } = { count: 0, records: [], wrong: [], wrongKeys: new Set() };
  const seen = new Map<string, string>();
  for (const file of filesAt(path)) readFileInto(read, seen, file);
  return read;
}

function filesAt(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const files = readdirSync(path).filter((name) => /\.ya?ml$/.test(name)).sort();
    if (files.length > 0) return files.map((name) => join(path, name));
  } catch (error) {
    throw new CommandEnd(EXIT.usage, `error: ${path} can't be read: ${(error as Error).message}`);
  }
  throw new CommandEnd(EXIT.usage, `error: there is no .yaml file in ${path}`);
}

/** `seen` tells where each key stood first. */
function readFileInto(read: ImportFiles & { wrongKeys: Set<string> }, seen: Map<string, string>, file: string): void {
  const lines = new LineCounter();
  const document = parseDocument(textOf(file), { lineCounter: lines, prettyErrors: false });
  const header = checkHeader(document, file, lines, read.wrong);
  if (!header) return;
  read.count += header.records.length;
  for (const [index, given] of header.records.entries()) {
    const lineOf = (path: readonly PropertyKey[]) => lineAt(document, lines, ['records', index, ...path]);
    const { record, wrong } = checkRecord(file, given, header.document, seen, lineOf);
    read.wrong.push(...wrong);
    const key = keyOf(given);
    if (record) read.records.push(record);
    else if (key !== undefined) read.wrongKeys.add(key);
    if (key !== undefined && !seen.has(key)) seen.set(key, `${file}:${lineOf(['key'])}`);
  }
}

function textOf(file: string): string {
  try {
    if (statSync(file).size > FILE_BYTES_MAX) throw new Error(`it is larger than ${FILE_BYTES_MAX / 1_000_000} MB`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandEnd(EXIT.usage, `error: ${file} can't be read: ${(error as Error).message}`);
  }
}

/** The file without its records' insides; undefined where none of it can be read, and `wrong` says why. */
function checkHeader(document: Document.Parsed, file: string, lines: LineCounter, wrong: Wrong[]): z.output<typeof FileHeader> | undefined {
  for (const { pos, message } of document.errors) wrong.push({ file, line: lines.linePos(pos[0]).line, field: '', rule: 'yaml', message });
  if (document.errors.length > 0) return undefined;
  const value = valueOf(document);
  if (value instanceof Error) {
    wrong.push({ file, line: 1, field: '', rule: 'yaml', message: value.message });
    return undefined;
  }
  const result = FileHeader.safeParse(value);
  if (result.success) return result.data;
  const lineOf = (path: readonly PropertyKey[]) => lineAt(document, lines, path);
  for (const issue of result.error.issues) for (const one of told(issue, value, lineOf)) wrong.push({ file, ...one });
  return undefined;
}

/** Aliases that would blow up are refused by the parser. */
function valueOf(document: Document.Parsed): unknown {
  try {
    return document.toJS();
  } catch (error) {
    return error as Error;
  }
}

function checkRecord(
  file: string, given: unknown, defaultDocument: string | undefined, seen: ReadonlyMap<string, string>, lineOf: ImportRecord['lineOf'],
): { record?: ImportRecord; wrong: Wrong[] } {
  const key = keyOf(given);
  const about = { file, ...(key !== undefined && { key }) };
  const result = FileRecord.safeParse(given);
  const wrong: Wrong[] = (result.error?.issues ?? []).flatMap((issue) => told(issue, given, lineOf).map((one) => ({ ...about, ...one })));
  const say = (path: string[], rule: string, message: string) => wrong.push({ ...about, line: lineOf(path), field: pointerOf(path), rule, message });
  if (key !== undefined && seen.has(key)) say(['key'], 'unique', `stands at ${seen.get(key)} already`);
  const document = documentOf(given) ?? defaultDocument;
  if (document === undefined) say(['document'], 'required', 'is required: neither the record nor its file names one');
  const references = referencesIn(given);
  for (const { path, key: needed } of references) if (!seen.has(needed)) say(path, 'reference', `no earlier record has the key ${needed}`);
  if (!result.success || document === undefined || wrong.length > 0) return { wrong };
  const { place, document: _, ...record } = result.data;
  const needs = [...new Set(references.map((reference) => reference.key))];
  return { wrong, record: { file, ...record, occurredOn: record.occurredOn, transcribedFrom: { document, place }, needs, lineOf } };
}

function keyOf(given: unknown): string | undefined {
  const key = fieldOf(given, 'key');
  return typeof key === 'string' ? key : undefined;
}

function documentOf(given: unknown): string | undefined {
  const document = fieldOf(given, 'document');
  return document === undefined ? undefined : String(document);
}

function fieldOf(given: unknown, name: string): unknown {
  return typeof given === 'object' && given !== null ? (given as Record<string, unknown>)[name] : undefined;
}

const REFERENCE = /^\$([A-Za-z][A-Za-z0-9._-]{0,99})$/;

/** Everything in path and body that is exactly `$key`. */
function referencesIn(given: unknown): { path: string[]; key: string }[] {
  const found: { path: string[]; key: string }[] = [];
  const look = (value: unknown, path: string[]) => {
    const [, key] = (typeof value === 'string' && REFERENCE.exec(value)) || [];
    if (key !== undefined) found.push({ path, key });
    else if (typeof value === 'object' && value !== null) for (const [name, inner] of Object.entries(value)) look(inner, [...path, name]);
  };
  look(fieldOf(given, 'path'), ['path']);
  look(fieldOf(given, 'body'), ['body']);
  return found;
}

/** The same value with every `$key` replaced by the id that the key stands for. */
export function resolved<T>(value: T, idOf: (key: string) => string): T {
  if (typeof value === 'string') {
    const [, key] = REFERENCE.exec(value) ?? [];
    return (key === undefined ? value : idOf(key)) as T;
  }
  if (Array.isArray(value)) return value.map((inner: unknown) => resolved(inner, idOf)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolved(inner, idOf)])) as T;
}

type Issue = z.core.$ZodIssue;
type Told = Omit<Wrong, 'file' | 'key'>;

/** One for each unknown field; else one. */
function told(issue: Issue, value: unknown, lineOf: ImportRecord['lineOf']): Told[] {
  const say = (path: readonly PropertyKey[], rule: string, message: string) => [{ line: lineOf(path), field: pointerOf(path), rule, message }];
  if (issue.code === 'unrecognized_keys') return issue.keys.flatMap((key) => say([...issue.path, key], 'unknown_field', 'is not a field here'));
  const found = issue.path.reduce<unknown>((inner, step) => fieldOf(inner, String(step)), value);
  if (found === undefined && issue.code !== 'custom') return say(issue.path, 'required', 'is required');
  return say(issue.path, issue.code, issue.message);
}

/** RFC 6901. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Line of what a path leads to, or of the last thing on the way that is there. */
function lineAt(document: Document.Parsed, lines: LineCounter, path: readonly PropertyKey[]): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    const inner: Node | null = isAlias(node) ? (node.resolve(document) ?? null) : node;
    if (isMap(inner)) {
      const pair = inner.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(inner) && inner.items[Number(step)] !== undefined) {
      node = inner.items[Number(step)] as Node;
      offset = node.range?.[0] ?? offset;
    } else break;
  }
  return lines.linePos(offset).line;
}
