import { hashOfRequest } from './request-hash.ts';

const hash = (body: unknown, path: unknown = { id: '1' }, command = 'SubmitProgress') => hashOfRequest(command, { path, body });

test('the same request has the same hash, in whatever order its fields come', () => {
  expect(hash({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(hash({ b: [{ d: 3, c: 2 }], a: 1 }));
  expect(hash({ a: 1 }, { id: '1', version: '2' })).toBe(hash({ a: 1 }, { version: '2', id: '1' }));
  expect(hash({ a: 1 })).toMatch(/^[0-9a-f]{64}$/);
});

test('no body is an empty one', () => {
  expect(hash(undefined)).toBe(hash({}));
});

test.each<[string, string]>([
  ['another command', hash({ a: 1 }, { id: '1' }, 'VerifyProgress')],
  ['another path', hash({ a: 1 }, { id: '2' })],
  ['another value', hash({ a: 2 })],
  ['another type', hash({ a: '1' })],
  ['one field more', hash({ a: 1, b: null })],
  ['one level deeper', hash({ a: { a: 1 } })],
  ['a list', hash([{ a: 1 }])],
])('%s has another hash', (_name, other) => {
  expect(other).not.toBe(hash({ a: 1 }));
});

test('the order of a list counts', () => {
  expect(hash([1, 2])).not.toBe(hash([2, 1]));
});
