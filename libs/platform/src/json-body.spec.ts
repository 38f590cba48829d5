import { DEPTH_MAX, parseJson, ENTRIES_MAX } from './json-body.ts';

const parse = (text: string): unknown => parseJson(Buffer.from(text));

test.each([
  '{"a":1,"b":{"a":[{"a":"a"},{"a":null}]},"c":"{\\"a\\":1,\\"a\\":2}"}',
  '{"a\\\\":"\\\\","b\\"":"\\"a\\":","\\\\\\"":" \\\\\\" : "}',
  ' [ {"a" : 1} , {"a"\t:\r\n2} , [ ] , { } , "a" , "a" ] ',
  '{"constructor":{"prototype":{"x":1}},"toString":1,"":2,"é":"🌍"}',
  '"text"', '-1.5e3', 'null', '9007199254740993',
  nested(DEPTH_MAX),
  list(ENTRIES_MAX),
])('is what JSON.parse makes of it: %.60s', (text) => {
  expect(parse(text)).toEqual(JSON.parse(text));
});

test.each([
  ['{"a":1,"a":1}', '/a', 'duplicate_field'],
  ['{"a":1,"\\u0061":1}', '/a', 'duplicate_field'],
  ['{"x":[0,{"y":{}},{"y":{"a/b":"\\\\","c":",[{","a/b":2}}]}', '/x/2/y/a~1b', 'duplicate_field'],
  ['[[],[{},{"":1 , "" :2}]]', '/1/1/', 'duplicate_field'],
  ['{"a":{"__proto__":1}}', '/a/__proto__', 'unknown_field'],
  ['[{"\\u005f_proto__":{}}]', '/0/__proto__', 'unknown_field'],
  [nested(DEPTH_MAX + 1), '/0'.repeat(DEPTH_MAX), 'too_deep'],
  [nested(250_000), '/0'.repeat(DEPTH_MAX), 'too_deep'],
  [list(ENTRIES_MAX + 1), '', 'too_many_entries'],
  [`{${Array.from({ length: 100_000 }, (_, name) => `"${name}":1`).join()}}`, '', 'too_many_entries'],
])('is refused, with place and rule: %.60s', (text, pointer, rule) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ status: 400, code: 'REQUEST.MALFORMED_JSON', errors: [{ pointer, rule, message: expect.any(String) }] }));
});

test.each<[string, string | Uint8Array]>([
  ['cut off', '{"a":'],
  ['cut off in a string', '{"a":"\\'],
  ['two values', '{}{}'],
  ['a comma too many', '[1,]'],
  ['single quotes', "{'a':1}"],
  ['not a number', '[NaN]'],
  ['a control character', '["\u0000"]'],
  ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ['half of a surrogate pair in bytes', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)],
  ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
])('is no JSON: %s', (_, text) => {
  expect(() => parseJson(typeof text === 'string' ? Buffer.from(text) : text)).toThrow(expect.objectContaining({ status: 400, code: 'REQUEST.MALFORMED_JSON', errors: undefined }));
});

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

function list(entries: number): string {
  return JSON.stringify(Array(entries).fill(0));
}
