import { z } from 'zod';
import { Problem } from './problem.ts';
import { ERRORS_MAX, ValidationPipe } from './validation.ts';

const Body = z.strictObject({
  title: z.string().min(1).max(10),
  code: z.string().regex(/^[A-Z]+$/, 'must be capitals'),
  dueOn: z.iso.date(),
  count: z.int().max(5).multipleOf(2),
  kind: z.enum(['financial', 'policy']),
  lines: z.array(z.strictObject({ 'a/b~c': z.string() })).min(1),
  titles: z.record(z.string().regex(/^[a-z]{2}$/, 'must be a language'), z.string()).optional(),
  value: z.union([z.string(), z.strictObject({ low: z.string(), high: z.string().optional() })]).optional(),
  moment: z.union([z.iso.date(), z.iso.datetime().refine((text) => text < '3', { error: 'is too far off' })]).optional(),
  shape: z.discriminatedUnion('type', [z.strictObject({ type: z.literal('text'), text: z.string() }), z.strictObject({ type: z.literal('number'), number: z.number() })]).optional(),
  note: z.string().refine((text) => !text.includes('@'), { error: 'must not contain an e-mail address' }).optional(),
  ruled: z.string().refine((text) => text !== 'x', { error: 'is never x', params: { rule: 'never_x' } }).optional(),
});
const good = { title: 'a', code: 'A', dueOn: '2022-11-28', count: 2, kind: 'policy', lines: [{ 'a/b~c': 'x' }] };

test('a good body is handed on as the schema made it', async () => {
  const schema = z.strictObject({ title: z.string(), tags: z.array(z.string()).default([]) });
  expect(await new ValidationPipe().transform({ title: 'a' }, { type: 'body', schema })).toEqual({ title: 'a', tags: [] });
});

test('fields with the names of what every object has are as unknown as any other', async () => {
  const query = Object.assign(Object.create(null), { constructor: 'x', toString: 'x', ['__proto__']: 'x' }) as object;
  expect((await problemOf(z.strictObject({}), query, 'query')).errors!.map(({ pointer, rule }) => [pointer, rule])).toEqual([
    ['/constructor', 'unknown_field'],
    ['/toString', 'unknown_field'],
    ['/__proto__', 'unknown_field'],
  ]);
});

test('all wrong fields are told at once', async () => {
  const body = { title: '', code: 'a', dueOn: '28.11.2022', count: '2', kind: 'barter', lines: [{ 'a/b~c': 1 }, {}], extra: 1, 'more/over': 2 };
  expect(await problemOf(Body, body)).toMatchObject({
    status: 422,
    code: 'REQUEST.INVALID',
    detail: '9 things are wrong in the body',
    errors: expect.arrayContaining([
      { pointer: '/title', rule: 'too_small', message: expect.any(String) },
      { pointer: '/code', rule: 'pattern', message: 'must be capitals' },
      { pointer: '/dueOn', rule: 'format', message: expect.any(String) },
      { pointer: '/count', rule: 'type', message: expect.any(String) },
      { pointer: '/kind', rule: 'enum', message: expect.any(String) },
      { pointer: '/lines/0/a~1b~0c', rule: 'type', message: expect.any(String) },
      { pointer: '/lines/1/a~1b~0c', rule: 'required', message: 'is required' },
      { pointer: '/extra', rule: 'unknown_field', message: 'is not a field here' },
      { pointer: '/more~1over', rule: 'unknown_field', message: 'is not a field here' },
    ]),
  });
});

test.each<[string, object, object[]]>([
  ['a missing enum value', { kind: undefined }, [{ pointer: '/kind', rule: 'required' }]],
  ['null is not missing', { title: null }, [{ pointer: '/title', rule: 'type' }]],
  ['too long', { title: 'x'.repeat(11) }, [{ pointer: '/title', rule: 'too_big' }]],
  ['not whole', { count: 1.5 }, [{ pointer: '/count', rule: 'type' }]],
  ['not a multiple', { count: 3 }, [{ pointer: '/count', rule: 'multiple_of' }]],
  ['no element', { lines: [] }, [{ pointer: '/lines', rule: 'too_small' }]],
  ['a wrong key of a map', { titles: { english: 'x' } }, [{ pointer: '/titles/english', rule: 'key', message: 'must be a language' }]],
  ['a rule of our own', { note: 'a@b' }, [{ pointer: '/note', rule: 'custom', message: 'must not contain an e-mail address' }]],
  ['a rule of our own with its name', { ruled: 'x' }, [{ pointer: '/ruled', rule: 'never_x', message: 'is never x' }]],
  ['no branch of a union', { value: 1 }, [{ pointer: '/value', rule: 'no_match' }]],
  ['the branch of a union that was meant', { value: { high: 1, x: 1 } }, [{ pointer: '/value/low', rule: 'required' }, { pointer: '/value/high', rule: 'type' }, { pointer: '/value/x', rule: 'unknown_field' }]],
  ['the format of a union that was meant', { moment: '9999-12-31T00:00:00Z' }, [{ pointer: '/moment', rule: 'custom', message: 'is too far off' }]],
  ['no format of a union', { moment: 'soon' }, [{ pointer: '/moment', rule: 'format' }]],
  ['a discriminator of no branch', { shape: { type: 'colour' } }, [{ pointer: '/shape/type', rule: 'no_match' }]],
  ['no discriminator', { shape: {} }, [{ pointer: '/shape/type', rule: 'required' }]],
  ['a wrong field of a branch', { shape: { type: 'text', text: 1 } }, [{ pointer: '/shape/text', rule: 'type' }]],
])('rules: %s', async (_name, change, errors) => {
  const problem = await problemOf(Body, { ...good, ...change });
  expect(problem.errors).toHaveLength(errors.length);
  expect(problem.errors).toEqual(expect.arrayContaining(errors.map((error) => expect.objectContaining(error))));
});

test.each([undefined, null, [], 'x', 1])('a body of %j is wrong as a whole', async (body) => {
  expect((await problemOf(Body, body)).errors).toEqual([expect.objectContaining({ pointer: '', rule: body === undefined ? 'required' : 'type' })]);
});

test('a flood of errors is cut, and says so', async () => {
  const body = Object.fromEntries(Array.from({ length: ERRORS_MAX + 5 }, (_, index) => [`x${index}`, 1]));
  const problem = await problemOf(z.strictObject({}), body);
  expect(problem.errors).toHaveLength(ERRORS_MAX);
  expect(problem.detail).toBe(`${ERRORS_MAX + 5} things are wrong in the body, the first ${ERRORS_MAX} are listed`);
});

test.each([
  ['query', 400, 'REQUEST.INVALID_QUERY'],
  ['param', 400, 'REQUEST.INVALID_PATH'],
] as const)('a wrong %s is %i %s', async (type, status, code) => {
  const problem = await problemOf(z.strictObject({ a: z.string() }), { b: 1 }, type);
  expect(problem).toMatchObject({ status, code, errors: [{ pointer: '/a', rule: 'required' }, { pointer: '/b', rule: 'unknown_field' }] });
});

test('the pipe names a single parameter, and leaves alone what has no schema', async () => {
  const pipe = new ValidationPipe();
  const problem = await pipe.transform('x', { type: 'param', data: 'id', schema: z.uuid() }).then(() => undefined, (error: unknown) => error);
  expect(problem).toMatchObject({ status: 400, code: 'REQUEST.INVALID_PATH', errors: [{ pointer: '/id', rule: 'format' }] });
  expect(await pipe.transform({ a: 1 }, { type: 'body' })).toEqual({ a: 1 });
  expect(await pipe.transform('7', { type: 'query', data: 'n', schema: z.coerce.number() })).toBe(7);
});

async function problemOf(schema: z.ZodType, value: unknown, type: 'body' | 'query' | 'param' = 'body'): Promise<Problem> {
  const error: unknown = await new ValidationPipe().transform(value, { type, schema }).then(() => undefined, (thrown: unknown) => thrown);
  if (error instanceof Problem) return error;
  throw new Error('no problem', { cause: error });
}
