import { problemCodes } from '#platform/problem-codes.ts';
import { logOf, the } from '#testing/given.ts';
import { active } from '#testing/scenes.ts';
import { testLedger, type Answer, type Caller, type TestLedger } from '../ledger.fixture.ts';

let ledger: TestLedger;

beforeAll(async () => {
  ledger = await testLedger(logOf(active));
});

afterAll(() => ledger.stop());

const commitment = `commitments/${the('commitment')}`;
const focalPoint: Caller = ['focal-point', 'UNDESA'];
const description = { language: 'en', text: 'Demand outgrows funds' };

const report = (headers: Record<string, string>, body: object = { description }, query = '') => ledger.post(`${commitment}/obstacles${query}`, body, focalPoint, headers);

test('what is made is told with its place, its revision and its position', async () => {
  const answer = await report({ 'idempotency-key': 'place' });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('location')).toBe(`/v1/${commitment}/obstacles/${answer.body.id}`);
  expect(answer.headers.get('etag')).toBe(`"${answer.body.revision}"`);
  expect(answer.body).toEqual({ id: expect.any(String), revision: expect.any(Number), position: expect.any(Number), status: 'reported' });
});

test.each<[string, Record<string, string>, string]>([
  ['missing', {}, 'required'],
  ['empty', { 'idempotency-key': '' }, 'format'],
  ['with a space', { 'idempotency-key': 'a b' }, 'format'],
  ['not ASCII', { 'idempotency-key': 'clé' }, 'format'],
  ['too long', { 'idempotency-key': 'x'.repeat(201) }, 'format'],
])('an Idempotency-Key that is %s is refused', async (_name, headers, rule) => {
  expect(await report(headers)).toMatchObject({ status: 400, body: { code: 'REQUEST.IDEMPOTENCY_KEY', errors: [{ pointer: '/idempotency-key', rule }] } });
});

test('an Idempotency-Key of 200 characters is taken', async () => {
  expect((await report({ 'idempotency-key': '~'.repeat(200) })).status).toBe(201);
});

test.each(['3', '*', 'W/"3"', '"3", "4"', '"three"', '""', '"-1"', '"1234567890123456"'])('If-Match: %s is refused', async (ifMatch) => {
  expect(await report({ 'idempotency-key': 'format', 'if-match': ifMatch })).toMatchObject({ status: 400, body: { code: 'REQUEST.IF_MATCH', errors: [{ pointer: '/if-match', rule: 'format' }] } });
});

test('If-Match as ETag gave it is taken', async () => {
  const { headers } = await report({ 'idempotency-key': 'first' });
  expect((await report({ 'idempotency-key': 'second', 'if-match': headers.get('etag')! })).status).toBe(201);
});

test('the same fields in another order are a repeat, other ones under the same key are not', async () => {
  const first = await report({ 'idempotency-key': 'same' }, { description, occurredOn: '2022-01-01' });
  const again = await report({ 'idempotency-key': 'same' }, { occurredOn: '2022-01-01', description: { text: description.text, language: description.language } });
  expect([again.status, again.body]).toEqual([201, first.body]);
  expect(await report({ 'idempotency-key': 'same' }, { description })).toMatchObject({ status: 422, body: { code: 'REQUEST.KEY_REUSED' } });
});

test('a query parameter is refused by name: no command takes one', async () => {
  expect(await report({ 'idempotency-key': 'asked' }, { description }, '?dryRun=true')).toMatchObject({
    status: 400,
    body: { code: 'REQUEST.INVALID_QUERY', errors: [{ pointer: '/dryRun', rule: 'unknown_field' }] },
  });
});

describe('OpenAPI', () => {
  let document: any;
  let operations: [method: string, operation: any][];

  beforeAll(async () => {
    document = await (await fetch(`${ledger.url}/openapi.json`)).json();
    operations = Object.values<object>(document.paths).flatMap((methods) => Object.entries<any>(methods));
  });

  test('tells the headers of each answer to a command', () => {
    const answers = operations.filter(([method]) => method === 'post').flatMap(([, { responses }]) => Object.entries<any>(responses).filter(([status]) => status < '300'));
    const headersOf = (wanted: string) => new Set(answers.filter(([status]) => status === wanted).map(([, { headers }]) => Object.keys(headers).join()));
    expect([headersOf('200'), headersOf('201')]).toEqual([new Set(['ETag']), new Set(['ETag,Location'])]);
  });

  test('tells the form of the headers of a command', async () => {
    const { headers } = await report({ 'idempotency-key': 'described' });
    for (const [, { parameters }] of operations.filter(([method]) => method === 'post')) {
      const patternOf = (header: string) => new RegExp(parameters.find(({ name }: { name: string }) => name === header).schema.pattern);
      expect(['described', 'a b', ''].map((key) => patternOf('Idempotency-Key').test(key))).toEqual([true, false, false]);
      expect([headers.get('etag')!, '3', '*', 'W/"3"'].map((revision) => patternOf('If-Match').test(revision))).toEqual([true, false, false, false]);
    }
  });

  test('tells of a query parameter with several values which there are, and that commas stand between them', () => {
    const status = document.paths['/v1/commitments'].get.parameters.find(({ name }: { name: string }) => name === 'status');
    expect(status).toMatchObject({ style: 'form', explode: false, schema: { type: 'array', items: { enum: expect.arrayContaining(['registered', 'closed']) }, minItems: 1 } });
    expect(status.schema).not.toHaveProperty('maxLength');
  });

  test('lists every code that a problem can have', () => {
    expect(document.components.schemas.Problem.properties.code.enum).toEqual(Object.keys(problemCodes));
  });

  test('tells of each operation that it may fail on our side', () => {
    expect(operations.filter(([, { responses }]) => responses[500]?.$ref !== '#/components/responses/Problem500')).toEqual([]);
    expect(document.components.responses.Problem500.content['application/problem+json']).toBeDefined();
  });
});

test('the metrics tell of commands, appends, batches and what lags', async () => {
  const accepted = 'ledger_commands_total{command="ReportObstacle",outcome="accepted"}';
  const before = await scraped();
  const answer: Answer = await report({ 'idempotency-key': 'measured' });
  expect(answer.status).toBe(201);
  const after = await scraped();
  const grown = (name: string) => after.get(name)! - (before.get(name) ?? 0);
  expect([accepted, 'ledger_append_duration_seconds_count', 'ledger_append_batch_duration_seconds_count', 'ledger_append_batch_events_sum'].map(grown)).toEqual([1, 1, 1, 1]);
  expect(after.get('ledger_lag_events{follower="commitments_v1"}')).toEqual(expect.any(Number));
  expect(after.get('ledger_lag_seconds{follower="commitments_v1"}')).toEqual(expect.any(Number));
});

async function scraped(): Promise<Map<string, number>> {
  const text = await (await fetch(`${ledger.url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('ledger_'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]));
}
