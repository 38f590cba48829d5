import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import type { EventStore } from '#event-store/event-store.ts';
import { routesOf } from '#platform/routes.ts';
import { logOf, the } from '#testing/given.ts';
import { everything } from '#testing/scenes.ts';
import { until } from '#testing/until.ts';
import { EVENT_STORE } from '../event-store.module.ts';
import { testLedger, type Caller, type TestLedger } from '../ledger.fixture.ts';
import { queryRoutes } from './query-routes.ts';

/** What is true of every query. */

let ledger: TestLedger;
let head: number;
const reviewer: Caller = ['reviewer', 'WHO'];

/** Ids that the path parameters stand for, in a history where everything happened. */
const ids: Record<string, string> = {
  id: the('commitment'),
  target: the('target'),
  update: the('update'),
  obstacle: the('obstacle'),
  evidence: the('evidence'),
  finding: the('finding'),
  version: '4',
};
const codes: Record<string, string> = { agencies: 'UNDESA', 'action-lines': 'C7-eGov', indicators: 'LOSI.cities' };

const log = logOf(everything);
const LATER = 10;

beforeAll(async () => {
  ledger = await testLedger(log.slice(0, -LATER));
});

afterAll(() => ledger.stop());

test('what was just written is in the answer that waits for it', async () => {
  await ledger.record(log.slice(-LATER));
  head = await ledger.store.head();
  const { body } = await ledger.get(`commitments?status=withdrawn&minPosition=${head}`);
  expect(body).toMatchObject({ items: [{ id: the('commitment', 3) }], position: head });
});

test('however many wait for what is not written yet, the log is looked at as for one', async () => {
  const looks = jest.spyOn(ledger.api.get<EventStore>(EVENT_STORE, { strict: false }), 'head');
  const asked = Array.from({ length: 20 }, () => ledger.get(`commitments/${the('commitment', 3)}?minPosition=${head + 1_000}`));
  for (const { status, body } of await Promise.all(asked)) expect([status, body.code]).toEqual([503, 'QUERY.NOT_YET']);
  // Once for each that comes, then twenty times a second for five seconds.
  expect(looks.mock.calls.length).toBeLessThan(20 + 2 * 100);
  looks.mockRestore();
});

test('what is read from the log itself waits for what is not written yet', async () => {
  const store = ledger.api.get<EventStore>(EVENT_STORE, { strict: false });
  const looks = jest.spyOn(store, 'head');
  const [first] = await ledger.store.readStream(`commitment-${the('commitment', 4)}`);
  for (const path of [`commitments/${the('commitment', 3)}`, `commitments/${the('commitment', 3)}/history`, 'feed']) {
    looks.mockClear();
    const stream = `commitment-${randomUUID()}`;
    const asked = ledger.get(`${path}?minPosition=${head + 1}`);
    await until(() => looks.mock.calls.length > 1);
    await ledger.record([{ ...first!, id: randomUUID(), stream, revision: 1, data: { ...(first!.data as object), commitmentId: stream.slice('commitment-'.length) } }]);
    expect((await asked).status).toBe(200);
    head += 1;
  }
  looks.mockRestore();
});

test.each(queryRoutes.map((route) => [route.name, route] as const))('%s answers in the shape that it describes, to anyone and to those who see all', async (_, { path, answer }) => {
  for (const caller of [undefined, reviewer] as const) {
    if (path === 'tasks' && !caller) continue;
    const { status, headers, body } = await ledger.get(`${filled(path)}?minPosition=${head}`, caller);
    expect({ path, status, body: status === 200 ? 'read' : body }).toEqual({ path, status: 200, body: 'read' });
    // Nothing is left out of the description, and nothing in it is missing.
    expect(answer.parse(body)).toEqual(body);
    if ('items' in body && path !== 'tasks') expect(body.items.length).toBeGreaterThan(0);
    expect(headers.get('etag')).toBe(body.revision === undefined ? null : `"${body.revision}"`);
    expect(headers.get('cache-control')).toBe('no-store');
  }
});

test('unknown parameters are refused by name, wrong ones all at once', async () => {
  for (const { path } of queryRoutes) {
    const { status, body } = await ledger.get(`${filled(path)}?colour=blue&minPosition=soon`, reviewer);
    expect({ path, status, code: body.code, errors: body.errors.map((error: any) => [error.pointer, error.rule]) }).toEqual({
      path,
      status: 400,
      code: 'REQUEST.INVALID_QUERY',
      errors: expect.arrayContaining([['/colour', 'unknown_field'], ['/minPosition', 'pattern']]),
    });
  }
});

test('what is not in the answer yet is waited for, and then refused with 503 and Retry-After', async () => {
  const asked = queryRoutes.map(async ({ path }) => ({ path, answer: await ledger.get(`${filled(path)}?minPosition=${head + 1_000}`, reviewer) }));
  for (const { path, answer } of await Promise.all(asked)) {
    expect({ path, status: answer.status, code: answer.body.code, retryAfter: answer.headers.get('retry-after') }).toEqual({ path, status: 503, code: 'QUERY.NOT_YET', retryAfter: '1' });
  }
});

test('anyone may ask, but for tasks, and every query is in OpenAPI with its parameters and its answer', async () => {
  const access = new Map(routesOf(ledger.api).filter(({ method }) => method === 'GET').map((route) => [route.path, route.access]));
  for (const { path } of queryRoutes) expect({ path, by: access.get(`/v1/${path}`)?.by }).toEqual({ path, by: path === 'tasks' ? expect.arrayContaining(['approver', 'reviewer']) : 'anyone' });
  expect((await ledger.get('tasks')).body.code).toBe('AUTH.TOKEN_MISSING');

  const document = (await (await fetch(`${ledger.url}/openapi.json`)).json()) as any;
  const described = Object.entries<any>(document.paths).flatMap(([path, { get }]) => (get ? [[path, get] as const] : []));
  expect(described.map(([, get]) => get.operationId).sort()).toEqual([...queryRoutes.map(({ name }) => name), 'GetFeed'].sort());
  for (const [path, get] of described) {
    expect(get.responses[200].content['application/json'].schema).toBeDefined();
    const parameters = get.parameters.map((parameter: any) => parameter.name);
    expect(parameters).toEqual(expect.arrayContaining([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)));
    expect(parameters).toContain('minPosition');
  }
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
  expect(refs.length).toBeGreaterThan(20);
  for (const [, kind, name] of refs) expect(document.components[kind!]).toHaveProperty(name!);
});

test('the examples of parameters work', async () => {
  const document = (await (await fetch(`${ledger.url}/openapi.json`)).json()) as any;
  const tried = new Set<string>();
  for (const route of queryRoutes) {
    const { parameters } = document.paths[`/v1/${route.path.replace(/:(\w+)/g, '{$1}')}`].get;
    for (const { name, schema } of parameters) {
      if (schema.example === undefined) continue;
      const { status } = await ledger.get(`${filled(route.path)}?${name}=${encodeURIComponent(schema.example)}`, reviewer);
      expect({ path: route.path, name, status }).toEqual({ path: route.path, name, status: 200 });
      tried.add(name);
    }
  }
  expect([...tried].sort()).toEqual(['on', 'q', 'sort']);
});

function filled(path: string): string {
  const [first] = path.split('/');
  return path.replace(/:(\w+)/g, (_, name: string) => (name === 'code' ? codes[first!]! : ids[name]!));
}
