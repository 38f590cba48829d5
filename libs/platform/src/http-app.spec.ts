import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Body, Controller, Get, HttpException, Injectable, Module, NotFoundException, Param, Post, Query, Req, Res, type OnModuleDestroy } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Actor, Role } from '#domain/event.ts';
import { DomainError } from '#domain/refusal.ts';
import { EventStoreError } from '#event-store/event-store.ts';
import { until } from '#testing/until.ts';
import { Access, CurrentActor } from './access.guard.ts';
import { mintLocalToken } from './auth/local-key.ts';
import { ConfigError, readConfig } from './config.ts';
import { Drain } from './drain.ts';
import { HealthChecks } from './health.module.ts';
import { BODIES_OF_ONE_BYTES_MAX, BODY_BYTES_MAX } from './http-adapter.ts';
import { createHttpApp, httpSettings, listen } from './http-app.ts';
import { Problem } from './problem.ts';
import { routesOf } from './routes.ts';

const order: string[] = [];
const underWay = Promise.withResolvers<void>();
const finish = Promise.withResolvers<void>();

const failures: Record<string, () => unknown> = {
  problem: () => new Problem(428, 'REQUEST.IF_MATCH_MISSING', 'send If-Match', { headers: { 'x-hint': 'etag' } }),
  domain: () => new DomainError([{ pointer: '/lines/0', rule: 'COMMITMENT.BARE_C7', message: 'never C7' }]),
  unavailable: () => new EventStoreError('EVENT_STORE.UNAVAILABLE', 'connect secret-host'),
  'too-large': () => new EventStoreError('EVENT_STORE.EVENT_TOO_LARGE', 'secret 300000'),
  refused: () => new EventStoreError('EVENT_STORE.REFUSED', 'secret'),
  'no-connection': () => Object.assign(new Error('connect ECONNREFUSED secret-host:5432'), { code: 'ECONNREFUSED' }),
  wrapped: () => Object.assign(new Error('query failed: secret'), { driverError: Object.assign(new Error('terminating secret'), { code: '57P01' }) }),
  terminated: () => new Error('Connection terminated unexpectedly'),
  circular: () => {
    const error = new Error('secret');
    return Object.assign(error, { cause: error });
  },
  unique: () => Object.assign(new Error('duplicate key secret'), { code: '23505' }),
  bug: () => new TypeError('secret'),
  nothing: () => undefined,
  'nest-404': () => new NotFoundException('secret'),
  teapot: () => new HttpException('secret', 418),
};

@Controller('v1')
class SampleController {
  @Get('open')
  @Access({ by: 'anyone' })
  open(@CurrentActor() actor?: Actor): object {
    return { actor: actor ?? null };
  }

  @Get('approvers')
  @Access({ by: 'approver', orTranscribing: true })
  approvers(@CurrentActor() actor: Actor): Actor {
    return actor;
  }

  @Get('two-roles')
  @Access({ by: ['reviewer', 'administrator'] })
  twoRoles(): object {
    return {};
  }

  @Get('shut')
  shut(): object {
    return {};
  }

  @Post('things/:id')
  @Access({ by: 'anyone' })
  make(
    @Param('id', { schema: z.uuid() }) id: string,
    @Query({ schema: z.strictObject({ limit: z.coerce.number().int().max(10).default(5) }) }) query: object,
    @Body({ schema: z.strictObject({ title: z.string(), count: z.int() }) }) body: object,
  ): object {
    return { id, query, body };
  }

  @Get('fail/:how')
  @Access({ by: 'anyone' })
  fail(@Param('how') how: string): never {
    throw failures[how]!();
  }

  @Get('breaks-off')
  @Access({ by: 'anyone' })
  breaksOff(@Res() reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/plain' });
    reply.raw.write('begun');
    throw new Error('in the middle');
  }

  @Get('slow')
  @Access({ by: 'anyone' })
  async slow(): Promise<object> {
    underWay.resolve();
    await finish.promise;
    order.push('answered');
    return { done: true };
  }

  @Get('id')
  @Access({ by: 'anyone' })
  id(@Req() request: FastifyRequest): object {
    return { id: request.id };
  }
}

@Injectable()
class Pool implements OnModuleDestroy {
  onModuleDestroy(): void {
    order.push('pool closed');
  }
}

@Module({ controllers: [SampleController], providers: [Pool] })
class SampleModule {}

let dataDir: string;
let app: NestFastifyApplication;
let url: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'platform-'));
  app = await start();
  url = await listen(app, { PORT: 0, HOST: '127.0.0.1' });
});

afterAll(async () => {
  await app.close();
  await rm(dataDir, { recursive: true });
});

function start(env: Record<string, string> = {}, module = SampleModule): Promise<NestFastifyApplication> {
  return createHttpApp(module, readConfig(z.object(httpSettings), { DATA_DIR: dataDir, LOG_LEVEL: 'fatal', ...env }));
}

function token(role: Role, agency = 'UNDP'): Promise<string> {
  return mintLocalToken({ dataDir, role, agency, expiresIn: '1h' });
}

async function get(path: string, headers: Record<string, string> = {}): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  return answerOf(await fetch(url + path, { headers }));
}

async function post(path: string, body: string | Uint8Array<ArrayBuffer>, type = 'application/json') {
  return answerOf(await fetch(url + path, { method: 'POST', body, headers: { 'content-type': type, authorization: `Bearer ${await token('approver')}` } }));
}

async function answerOf(response: Response) {
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}

describe('access', () => {
  test('anyone may call an open route, and is known when a token comes', async () => {
    expect((await get('/v1/open')).body).toEqual({ actor: null });
    expect((await get('/v1/open', { authorization: `Bearer ${await token('approver')}` })).body).toEqual({
      actor: { id: 'UNDP-approver', agency: 'UNDP', role: 'approver' },
    });
  });

  test.each([
    ['/v1/approvers', 'approver', 200],
    ['/v1/approvers', 'secretariat', 200],
    ['/v1/approvers', 'focal-point', 403],
    ['/v1/two-roles', 'reviewer', 200],
    ['/v1/two-roles', 'administrator', 200],
    ['/v1/two-roles', 'secretariat', 403],
  ] as const)('%s for %s: %i', async (path, role, status) => {
    const answer = await get(path, { authorization: `Bearer ${await token(role)}` });
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.body).toMatchObject({ code: 'AUTH.ROLE_DENIED', status: 403 });
  });

  test('without a token, a route with roles asks for one', async () => {
    const answer = await get('/v1/approvers');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.body).toMatchObject({ code: 'AUTH.TOKEN_MISSING' });
  });

  test.each(['Bearer x.y.z', 'Basic dTpw', 'Bearer', 'Bearer a b'])('the bad token "%s" is refused even on an open route', async (authorization) => {
    const answer = await get('/v1/open', { authorization });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_/);
    expect(answer.body).toMatchObject({ code: 'AUTH.TOKEN_INVALID' });
  });

  test('a route to which nobody was given access is shut for everybody', async () => {
    const answer = await get('/v1/shut', { authorization: `Bearer ${await token('administrator')}` });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ code: 'AUTH.ROUTE_WITHOUT_ACCESS' });
  });

  test.each([
    ['nobody', '', 401, 'AUTH.TOKEN_MISSING'],
    ['somebody with a bad token', 'authorization: Bearer x.y.z\r\n', 401, 'AUTH.TOKEN_INVALID'],
  ])('a body of %s is not waited for', async (_, header, status, code) => {
    for (const length of ['content-length: 1000000', 'transfer-encoding: chunked']) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.write(`POST /v1/things/7 HTTP/1.1\r\nhost: x\r\n${header}content-type: application/json\r\n${length}\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      expect(answer.toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer.toString()).toContain(`"code":"${code}"`);
    }
  });

  test('all routes can be listed with their access', () => {
    const routes = routesOf(app);
    expect(routes).toContainEqual({ method: 'GET', path: '/v1/approvers', access: { by: 'approver', orTranscribing: true } });
    expect(routes).toContainEqual({ method: 'POST', path: '/v1/things/:id', access: { by: 'anyone' } });
    expect(routes).toContainEqual({ method: 'GET', path: '/health/ready', access: { by: 'anyone' } });
    expect(routes.filter(({ access }) => !access)).toEqual([{ method: 'GET', path: '/v1/shut', access: undefined }]);
  });

  test('a route that goes round the guard is listed without access', async () => {
    const other = await start();
    other.getHttpAdapter().get('/raw', () => 'x');
    await other.init();
    expect(routesOf(other).filter(({ access }) => !access).map(({ path }) => path).toSorted()).toEqual(['/raw', '/v1/shut']);
    await other.close();
  });
});

describe('problems', () => {
  test.each([
    ['problem', 428, 'REQUEST.IF_MATCH_MISSING'],
    ['domain', 409, 'COMMITMENT.BARE_C7'],
    ['unavailable', 503, 'EVENT_STORE.UNAVAILABLE'],
    ['too-large', 413, 'EVENT_STORE.EVENT_TOO_LARGE'],
    ['refused', 422, 'EVENT_STORE.REFUSED'],
    ['no-connection', 503, 'DATABASE.UNAVAILABLE'],
    ['wrapped', 503, 'DATABASE.UNAVAILABLE'],
    ['terminated', 503, 'DATABASE.UNAVAILABLE'],
    ['circular', 500, 'INTERNAL'],
    ['unique', 500, 'INTERNAL'],
    ['bug', 500, 'INTERNAL'],
    ['nothing', 500, 'INTERNAL'],
    ['nest-404', 404, 'ROUTE.NOT_FOUND'],
    ['teapot', 418, 'REQUEST.REFUSED'],
  ])('%s: %i %s', async (how, status, code) => {
    const answer = await get(`/v1/fail/${how}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ type: `/problems/${code}`, title: expect.any(String), status, code, detail: expect.any(String) });
    expect(answer.headers.has('retry-after')).toBe(status === 503);
    expect(JSON.stringify(answer.body)).not.toMatch(/secret|stack|node_modules|ECONN/);
  });

  test('its type leads to the rule in words', async () => {
    const { type, title } = (await get('/v1/fail/domain')).body;
    expect(await get(String(type))).toMatchObject({
      status: 200,
      body: { type, title, code: 'COMMITMENT.BARE_C7', rule: 'a commitment names a sub-line of C7, never C7 itself' },
    });
    expect(await get('/problems/INTERNAL')).toMatchObject({ status: 200, body: { code: 'INTERNAL' } });
    for (const unknown of ['COMMITMENT', 'constructor']) expect(await get(`/problems/${unknown}`)).toMatchObject({ status: 404, body: { code: 'ROUTE.NOT_FOUND' } });
  });

  test('errors and headers of a problem go along', async () => {
    expect((await get('/v1/fail/domain')).body['errors']).toEqual([{ pointer: '/lines/0', rule: 'COMMITMENT.BARE_C7', message: 'never C7' }]);
    expect((await get('/v1/fail/problem')).headers.get('x-hint')).toBe('etag');
  });

  test('an internal error names the request, which the caller may have named', async () => {
    const answer = await get('/v1/fail/bug', { 'x-request-id': 'abc-123' });
    expect(answer.headers.get('x-request-id')).toBe('abc-123');
    expect(answer.body['detail']).toContain('abc-123');
    expect((await get('/v1/id', { 'x-request-id': 'a b{}' })).body['id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('an answer that fails in the middle is cut off, not ended', async () => {
    await expect(fetch(`${url}/v1/breaks-off`).then((response) => response.text())).rejects.toThrow();
  });

  test.each([
    ['GET', '/nowhere', 404, 'ROUTE.NOT_FOUND'],
    ['DELETE', '/v1/open', 404, 'ROUTE.NOT_FOUND'],
    ['GET', '/v1/fail/%zz', 400, 'REQUEST.MALFORMED_URL'],
    ['GET', `/v1/fail/${'x'.repeat(200)}`, 414, 'REQUEST.URL_TOO_LONG'],
  ])('%s %s', async (method, path, status, code) => {
    const answer = await answerOf(await fetch(url + path, { method }));
    expect(answer).toMatchObject({ status, body: { code, status } });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  test.each([
    ['GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n', 400, 'REQUEST.MALFORMED'],
    [`GET / HTTP/1.1\r\nhost: x\r\nbig: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'REQUEST.HEADERS_TOO_LARGE'],
  ])('what is not HTTP gets a problem too: %.30s', async (text, status, code) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.write(text);
    await once(socket, 'close');
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ code, status });
  });
});

describe('bodies', () => {
  const path = '/v1/things/0b9d1d6c-6a51-4a2f-9c6b-4d0a3c1f2e10';

  test('a good one comes through, with its defaults', async () => {
    expect((await post(path, '{"title":"é","count":1}', 'application/json; charset=utf-8')).body).toEqual({
      id: path.slice(11),
      query: { limit: 5 },
      body: { title: 'é', count: 1 },
    });
  });

  test('all wrong fields are told, the body as 422', async () => {
    const answer = await post(path, '{"count":"x","more":1}');
    expect(answer).toMatchObject({ status: 422, body: { code: 'REQUEST.INVALID' } });
    expect(answer.body['errors']).toEqual([
      { pointer: '/title', rule: 'required', message: 'is required' },
      { pointer: '/count', rule: 'type', message: expect.any(String) },
      { pointer: '/more', rule: 'unknown_field', message: 'is not a field here' },
    ]);
  });

  test('no body at all is a missing one', async () => {
    const answer = await answerOf(await fetch(url + path, { method: 'POST', headers: { authorization: `Bearer ${await token('approver')}` } }));
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: '', rule: 'required' }] } });
    expect(await post(path, '')).toMatchObject({ status: 422, body: { errors: [{ pointer: '', rule: 'required' }] } });
  });

  test('a wrong query or path is 400', async () => {
    const body = '{"title":"a","count":1}';
    expect(await post(`${path}?limit=11&colour=red`, body)).toMatchObject({
      status: 400,
      body: { code: 'REQUEST.INVALID_QUERY', errors: [{ pointer: '/limit', rule: 'too_big' }, { pointer: '/colour', rule: 'unknown_field' }] },
    });
    expect(await post('/v1/things/7', body)).toMatchObject({ status: 400, body: { code: 'REQUEST.INVALID_PATH', errors: [{ pointer: '/id', rule: 'format' }] } });
  });

  test.each<[string, string | Uint8Array<ArrayBuffer>]>([
    ['cut off', '{"title":'],
    ['not JSON', 'title=x'],
    ['a poisoned prototype', '{"__proto__":{"x":1},"title":"a","count":1}'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0x74, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])],
  ])('malformed: %s', async (_name, body) => {
    expect(await post(path, body)).toMatchObject({ status: 400, body: { code: 'REQUEST.MALFORMED_JSON' } });
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'])('%s is refused', async (type) => {
    expect(await post(path, 'x', type)).toMatchObject({ status: 415, body: { code: 'REQUEST.MEDIA_TYPE' } });
  });

  test('one that breaks off is the caller\'s mistake, in metrics too', async () => {
    const counted = async (): Promise<string[]> => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return [...text.matchAll(/^http_request_duration_seconds_count\{method="POST",route="\/v1\/things\/:id",status="(\d+)"\} /gm)].map(([, status]) => status!);
    };
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const arrived = once(app.getHttpServer(), 'request');
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${await token('approver')}\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{"a":`);
    const [, response] = (await arrived) as [unknown, ServerResponse];
    socket.destroy();
    await once(response, 'close');
    await until(async () => (await counted()).includes('400'));
    expect(await counted()).not.toContain('503');
  });

  test('more than a mebibyte is refused', async () => {
    expect(await post(path, `"${'x'.repeat(BODY_BYTES_MAX)}"`)).toMatchObject({ status: 413, body: { code: 'REQUEST.TOO_LARGE' } });
  });

  test('who has as many under way as one may is turned away before the next is read, and let in when they are gone; others are let in', async () => {
    const headers = `host: x\r\nauthorization: Bearer ${await token('approver')}\r\ncontent-type: application/json\r\ncontent-length: ${BODY_BYTES_MAX}\r\n`;
    const slow = await Promise.all(Array.from({ length: BODIES_OF_ONE_BYTES_MAX / BODY_BYTES_MAX }, async () => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      const arrived = once(app.getHttpServer(), 'request');
      socket.write(`POST ${path} HTTP/1.1\r\n${headers}\r\n[1,`);
      await arrived;
      return socket;
    }));
    const body = '{"title":"t","count":1}';
    const refused = await until(async () => {
      const answer = await post(path, body);
      return answer.status === 503 && answer;
    });
    expect(refused).toMatchObject({ body: { code: 'SERVICE.BUSY' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    const other = { 'content-type': 'application/json', authorization: `Bearer ${await token('approver', 'ITU')}` };
    expect((await fetch(url + path, { method: 'POST', body, headers: other })).status).toBe(201);
    for (const socket of slow) socket.destroy();
    await until(async () => (await post(path, body)).status === 201);
  });
});

test('security headers and no server name', async () => {
  const { headers } = await get('/v1/open');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toContain("default-src 'self'");
  expect(headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
  expect(headers.has('x-powered-by')).toBe(false);
  expect((await get('/nowhere')).headers.get('x-content-type-options')).toBe('nosniff');
});

test('metrics are Prometheus text, and know routes by their pattern', async () => {
  await get('/v1/fail/teapot');
  const response = await fetch(`${url}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  expect(text).toMatch(/^process_cpu_seconds_total /m);
  expect(text).toMatch(/^http_request_duration_seconds_count\{method="GET",route="\/v1\/fail\/:how",status="418"\} \d+$/m);
  expect(text).not.toContain('teapot');
});

describe('health', () => {
  test('live', async () => {
    expect(await get('/health/live')).toMatchObject({ status: 200, body: { status: 'live' } });
  });

  test('ready while every check is well', async () => {
    const other = await start();
    const base = await listen(other, { PORT: 0, HOST: '127.0.0.1' });
    const checks = other.get(HealthChecks);
    checks.add('log', async () => ({ ok: true, detail: 'head 7' }));
    expect(await answerOf(await fetch(`${base}/health/ready`))).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: { log: { ok: true, detail: 'head 7' } } },
    });
    checks.add('views', () => Promise.reject(new Error('secret')));
    const answer = await answerOf(await fetch(`${base}/health/ready`));
    expect(answer.status).toBe(503);
    expect(answer.body).toEqual({ status: 'not ready', checks: { log: { ok: true, detail: 'head 7' }, views: { ok: false, detail: 'the check failed; see the log' } } });
    await other.close();
  });
});

test('too many requests are 429, each caller on its own', async () => {
  const other = await start({ RATE_LIMIT_PER_SECOND: '1' });
  const base = await listen(other, { PORT: 0, HOST: '127.0.0.1' });
  const anonymous = async (): Promise<Response> => fetch(`${base}/v1/open`);
  const answers = await Promise.all(Array.from({ length: 20 }, anonymous));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]!.headers.get('retry-after')).toBe('1');
  expect(await refused[0]!.json()).toMatchObject({ code: 'REQUEST.RATE_LIMITED' });
  const known = await fetch(`${base}/v1/open`, { headers: { authorization: `Bearer ${await token('approver')}` } });
  expect(known.status).toBe(200);
  await other.close();
});

test.each([
  ['nobody\'s word for an address is believed', {}, true],
  ['but that of a proxy that was named', { TRUST_PROXY: '127.0.0.1' }, false],
])('%s: the limit counts real addresses, whatever the path', async (_, env, isLimited) => {
  const other = await start({ RATE_LIMIT_PER_SECOND: '1', ...env });
  const base = await listen(other, { PORT: 0, HOST: '127.0.0.1' });
  const statuses = await Promise.all(Array.from({ length: 20 }, async (_, index) => (await fetch(`${base}/nowhere`, { headers: { 'x-forwarded-for': `192.0.2.${index}` } })).status));
  expect(statuses.includes(429)).toBe(isLimited);
  await other.close();
});

test('a taken port is told by its name', async () => {
  const other = await start();
  await expect(listen(other, { PORT: Number(new URL(url).port), HOST: '127.0.0.1' })).rejects.toThrow(ConfigError);
  await other.close();
});

test('in production, tokens of a local key are not for the taking', async () => {
  await expect(start({ NODE_ENV: 'production' })).rejects.toThrow(/OIDC_ISSUER: is required in production/);
});

test('a stop answers what is under way before anything is let go of, and takes nothing new', async () => {
  order.length = 0;
  const other = await start();
  const base = await listen(other, { PORT: 0, HOST: '127.0.0.1' });
  const drain = other.get(Drain);
  const slow = fetch(`${base}/v1/slow`);
  await underWay.promise;
  const closed = other.close();
  await once(drain.signal, 'abort');
  await expect(connection(base)).rejects.toThrow(/ECONNREFUSED/);
  expect(order).toEqual([]);
  finish.resolve();
  const answer = await slow;
  expect(answer.status).toBe(200);
  expect(answer.headers.get('connection')).toBe('close');
  await closed;
  expect(order).toEqual(['answered', 'pool closed']);
});

/** Connects once, without fetch's pool. */
async function connection(base: string): Promise<void> {
  const socket = connect(Number(new URL(base).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}
