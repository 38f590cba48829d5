import { DescribedApi, type SentRequest } from './described-api.ts';

/** That what holds answers against a document can tell right from wrong. */
const document = {
  paths: {
    '/things/{id}': {
      post: {
        operationId: 'MakeThing',
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } },
          { name: 'kinds', in: 'query', required: false, explode: false, schema: { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 2 } },
          { name: 'X-Key', in: 'header', required: true, schema: { type: 'string', pattern: '^k' } },
        ],
        requestBody: { required: true, content: { 'application/json': { schema: { type: 'object', properties: { title: { type: 'string', maxLength: 3 } }, required: ['title'], additionalProperties: false } } } },
        responses: {
          201: { headers: { ETag: { required: true }, Hint: {} }, content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } },
          400: { $ref: '#/components/responses/Wrong' },
        },
      },
    },
  },
  components: {
    schemas: { Thing: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'], additionalProperties: false } },
    responses: { Wrong: { description: 'wrong', content: { 'application/problem+json': { schema: { type: 'object', required: ['code'] } } } } },
  },
};
const api = new DescribedApi(document);
const [operation] = api.operations;
const request: SentRequest = { path: { id: '7' }, query: [['kinds', 'a,b']], headers: { 'x-key': 'k1' }, body: '{"title":"abc"}' };

test('a request as described has no faults', () => {
  expect(api.faultsOf(operation!, request)).toEqual([]);
  expect(api.faultsOf(operation!, { ...request, query: [] })).toEqual([]);
});

test.each<[Partial<SentRequest>, string]>([
  [{ path: { id: '0' } }, 'id does not fit'],
  [{ path: { id: '1.5' } }, 'id does not fit'],
  [{ query: [['kinds', 'a,c']] }, 'kinds does not fit'],
  [{ query: [['kinds', 'a'], ['kinds', 'b']] }, 'kinds came 2 times'],
  [{ query: [['limit', '1']] }, 'limit is not described'],
  [{ headers: {} }, 'X-Key came 0 times'],
  [{ headers: { 'x-key': 'x' } }, 'X-Key does not fit'],
  [{ body: undefined }, 'there is no body'],
  [{ body: '{"title":"abcd"}' }, 'the body does not fit'],
  [{ body: '{"title":"a","more":1}' }, 'the body does not fit'],
  [{ body: '{' }, 'the body does not fit'],
])('a fault is found: %j', (change, fault) => {
  expect(api.faultsOf(operation!, { ...request, ...change })).toEqual([fault]);
});

test('an answer as described has no differences', () => {
  expect(api.differencesOf(operation!, answer(201, { etag: '"1"' }, { id: 7 }))).toEqual([]);
  expect(api.differencesOf(operation!, answer(400, { 'content-type': 'application/problem+json; charset=utf-8' }, { code: 'X' }))).toEqual([]);
});

test.each([
  [answer(200, { etag: '"1"' }, { id: 7 }), 'status 200 is not described'],
  [answer(201, {}, { id: 7 }), 'the header ETag is missing'],
  [answer(201, { etag: '"1"', 'content-type': 'text/html' }, { id: 7 }), 'text/html is not described for 201'],
  [answer(201, { etag: '"1"' }, { id: '7' }), 'the body is not as described: data/id must be integer'],
  [answer(201, { etag: '"1"' }, { id: 7, more: 1 }), 'the body is not as described: data must NOT have additional properties'],
  [answer(400, { 'content-type': 'application/problem+json' }, {}), "the body is not as described: data must have required property 'code'"],
])('a difference is found: %#', (received, difference) => {
  expect(api.differencesOf(operation!, received)).toEqual([difference]);
});

function answer(status: number, headers: Record<string, string>, body: object) {
  return { status, headers: new Headers({ 'content-type': 'application/json', ...headers }), text: JSON.stringify(body) };
}
