import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readImportFiles, resolved } from './import-files.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'import-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
/** File name, line, key, field and rule of everything that is wrong. */
const wrong = () => readImportFiles(folder).wrong.map(({ file, line, key, field, rule }) => [file.slice(folder.length + 1), line, key, field, rule]);

test('files are taken in the order of their names; a record gets what the file says for all', () => {
  write('02-second.yml', 'records:\n  - { key: b, command: RegisterCommitment, as: approves, place: p. 2, document: Another, path: { id: $a, version: 1 } }\n');
  write('01-first.yaml', 'document: A paper\nrecords:\n  - key: a\n    command: SubmitCommitment\n    place: Part One\n    occurredOn: 2021-10-15\n    body: { lead: UNDP }\n');
  write('notes.txt', 'not: read');
  const { count, records, wrong: none } = readImportFiles(folder);
  expect(none).toEqual([]);
  expect(count).toBe(2);
  expect(records.map(({ lineOf, ...record }) => ({ ...record, line: lineOf(['path', 'id']) }))).toEqual([
    {
      file: join(folder, '01-first.yaml'), line: 3, key: 'a', command: 'SubmitCommitment', as: 'enters', path: {}, body: { lead: 'UNDP' },
      occurredOn: '2021-10-15', transcribedFrom: { document: 'A paper', place: 'Part One' }, needs: [],
    },
    {
      file: join(folder, '02-second.yml'), line: 2, key: 'b', command: 'RegisterCommitment', as: 'approves', path: { id: '$a', version: 1 }, body: {},
      occurredOn: undefined, transcribedFrom: { document: 'Another', place: 'p. 2' }, needs: ['a'],
    },
  ]);
});

test('everything wrong is listed with its line, and what is right is kept', () => {
  write('a.yaml', `document: A paper
records:
  - key: good
    command: SubmitCommitment
    place: Part One
  - key: bad key
    command: submit
    as: reviews
    place: call +41 22 730 51 11 now
    occurredOn: 2021-02-30
    colour: red
    path:
      id: [1]
    body: text
  - command: SubmitCommitment
  - just text
`);
  expect(wrong()).toEqual([
    ['a.yaml', 6, 'bad key', '/key', 'invalid_format'],
    ['a.yaml', 7, 'bad key', '/command', 'invalid_format'],
    ['a.yaml', 8, 'bad key', '/as', 'invalid_value'],
    ['a.yaml', 9, 'bad key', '/place', 'custom'],
    ['a.yaml', 10, 'bad key', '/occurredOn', 'invalid_format'],
    ['a.yaml', 13, 'bad key', '/path/id', 'invalid_union'],
    ['a.yaml', 14, 'bad key', '/body', 'invalid_type'],
    ['a.yaml', 11, 'bad key', '/colour', 'unknown_field'],
    ['a.yaml', 15, undefined, '/key', 'required'],
    ['a.yaml', 15, undefined, '/place', 'required'],
    ['a.yaml', 16, undefined, '', 'invalid_type'],
  ]);
  const { count, records, wrongKeys } = readImportFiles(folder);
  expect(count).toBe(4);
  expect(records.map(({ key }) => key)).toEqual(['good']);
  expect([...wrongKeys]).toEqual(['bad key']);
});

test('keys are unique in the whole folder, references go back, and a document is named somewhere', () => {
  write('a.yaml', 'document: A\nrecords:\n  - { key: one, command: SubmitCommitment, place: p }\n');
  write('b.yaml', `records:
  - { key: one, command: SubmitCommitment, place: p, document: B }
  - key: two
    command: SubmitCommitment
    place: p
    body:
      partOf: $three
      title: costs $one or $ or $1
      list:
        - $one
        - $two
  - { key: three, command: SubmitCommitment, place: p, document: B }
`);
  expect(wrong()).toEqual([
    ['b.yaml', 2, 'one', '/key', 'unique'],
    ['b.yaml', 3, 'two', '/document', 'required'],
    ['b.yaml', 7, 'two', '/body/partOf', 'reference'],
    ['b.yaml', 11, 'two', '/body/list/1', 'reference'],
  ]);
  expect(readImportFiles(folder).wrong[0]!.message).toBe(`stands at ${join(folder, 'a.yaml')}:3 already`);
});

test.each([
  ['records:\n  - key: a\n   command: b\n', 3, '', 'yaml'],
  ['document: A\ndocument: B\nrecords: []\n', 2, '', 'yaml'],
  ['document: A\n', 1, '/records', 'required'],
  ['', 1, '', 'invalid_type'],
  ['document: A\nrecord: []\nrecords: []\n', 2, '/record', 'unknown_field'],
  ['document: [A]\nrecords: []\n', 1, '/document', 'invalid_type'],
  ['a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c]\n', 1, '', 'yaml'],
])('a file that can not be read as one, %j, is told, and the others are read', (text, line, field, rule) => {
  write('a.yaml', text);
  write('b.yaml', 'document: B\nrecords:\n  - { key: one, command: SubmitCommitment, place: p }\n');
  expect(wrong()).toEqual([['a.yaml', line, undefined, field, rule]]);
  expect(readImportFiles(folder).records.map(({ key }) => key)).toEqual(['one']);
});

test('lines are found through aliases, and for what is missing by what is around it', () => {
  write('a.yaml', `document: A
records:
  - key: one
    command: SubmitCommitment
    place: p
    body:
      first: &value
        low: "1"
      second: *value
`);
  const { lineOf } = readImportFiles(folder).records[0]!;
  expect([lineOf([]), lineOf(['body', 'second']), lineOf(['body', 'second', 'low']), lineOf(['body', 'third', 'low']), lineOf(['occurredOn'])]).toEqual([3, 9, 8, 6, 3]);
});

test('a single file is read; an empty folder, or none, is wrong usage', () => {
  write('a.yaml', 'document: A\nrecords: []\n');
  mkdirSync(join(folder, 'empty'));
  expect(readImportFiles(join(folder, 'a.yaml')).count).toBe(0);
  expect(() => readImportFiles(join(folder, 'empty'))).toThrow('there is no .yaml file in');
  expect(() => readImportFiles(join(folder, 'none'))).toThrow("none can't be read");
});

test('what is exactly $key is replaced, deep inside and nowhere else', () => {
  const ids: Record<string, string> = { a: 'id-of-a' };
  expect(resolved({ x: '$a', y: ['$a', 'costs $a', '$100'], z: { '$a': null, n: 1 } }, (key) => ids[key]!))
    .toEqual({ x: 'id-of-a', y: ['id-of-a', 'costs $a', '$100'], z: { '$a': null, n: 1 } });
});
