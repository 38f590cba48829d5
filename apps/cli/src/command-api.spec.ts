import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandApi, filledPath, type ApiCommand } from './command-api.ts';

/** Answers in turn; what came is kept. */
let answers: ((request: IncomingMessage, response: ServerResponse) => void)[];
let came: string[];
let server: Server;
let url: string;

beforeEach(async () => {
  answers = [];
  came = [];
  server = createServer((request, response) => {
    const ifMatch = request.headers['if-match'];
    came.push(`${request.method} ${request.url}${ifMatch === undefined ? '' : ` ${ifMatch}`}`);
    request.resume();
    if (request.url === '/openapi.json') return json(200, openApi)(request, response);
    answers.shift()!(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const ifMatch = { name: 'If-Match', in: 'header', required: true };
const openApi = {
  paths: {
    '/v1/things': { get: {}, post: { operationId: 'MakeThing' } },
    '/v1/things/{id}/change': { post: { operationId: 'ChangeThing', parameters: [ifMatch] } },
    '/v1/things/{id}/notes': { post: { operationId: 'AddNote', parameters: [{ ...ifMatch, required: false }] } },
  },
};

function json(status: number, body: unknown, headers: Record<string, string> = {}) {
  return (_: IncomingMessage, response: ServerResponse) => void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

const done = (revision: number, headers: Record<string, string> = {}) => json(200, { id: '7', revision, position: 70 + revision, status: 'fine' }, headers);
const never = new AbortController().signal;

async function send(api: CommandApi, name: string, path: string) {
  return api.send({ command: api.command(name) as ApiCommand, path, body: {}, idempotencyKey: 'import:x', token: 't' });
}

test('the revision last answered is sent where one is needed, and nowhere else', async () => {
  const api = await CommandApi.connect(url, never);
  answers = [done(1, { location: '/v1/things/7' }), done(2), done(3), done(4)];
  await send(api, 'MakeThing', '/v1/things');
  await send(api, 'ChangeThing', '/v1/things/7/change');
  await send(api, 'AddNote', '/v1/things/7/notes');
  await send(api, 'ChangeThing', '/v1/things/7/change');
  expect(came.slice(1)).toEqual(['POST /v1/things', 'POST /v1/things/7/change "1"', 'POST /v1/things/7/notes', 'POST /v1/things/7/change "3"']);
  expect(api.command('DropThing')).toBeUndefined();
});

test('a revision that is not known is read; a stale one is told by the refusal, and tried once more', async () => {
  const api = await CommandApi.connect(url, never);
  const stale = (etag: string) => json(412, { code: 'REQUEST.STALE_REVISION', detail: 'stale', status: 412 }, { etag });
  answers = [json(200, {}, { etag: '"4"' }), stale('"6"'), done(7), stale('"9"'), stale('"10"')];
  expect(await send(api, 'ChangeThing', '/v1/things/7/change')).toMatchObject({ revision: 7 });
  expect(await send(api, 'ChangeThing', '/v1/things/7/change')).toMatchObject({ status: 412, code: 'REQUEST.STALE_REVISION' });
  expect(came.slice(1)).toEqual([
    'GET /v1/things/7', 'POST /v1/things/7/change "4"', 'POST /v1/things/7/change "6"',
    'POST /v1/things/7/change "7"', 'POST /v1/things/7/change "9"',
  ]);
});

test('what is put off, or lost on the way, is sent again', async () => {
  const api = await CommandApi.connect(url, never);
  const later = (status: number) => json(status, { code: 'X', detail: 'later' }, { 'retry-after': '0' });
  answers = [later(429), later(503), (request) => request.socket.destroy(), done(1)];
  expect(await send(api, 'MakeThing', '/v1/things')).toMatchObject({ id: '7', revision: 1 });
  expect(came.slice(1)).toEqual(Array(4).fill('POST /v1/things'));
});

test('but not without end', async () => {
  const api = await CommandApi.connect(url, never);
  answers = Array(20).fill(json(503, { code: 'X', detail: 'not just now' }, { 'retry-after': '0' }));
  await expect(send(api, 'MakeThing', '/v1/things')).rejects.toMatchObject({ exitCode: 4, message: expect.stringContaining('503, not just now') });
  expect(came.slice(1)).toHaveLength(8);
});

test('Ctrl-C ends the wait', async () => {
  const stop = new AbortController();
  const api = await CommandApi.connect(url, stop.signal);
  answers = [(request, response) => {
    json(503, {}, { 'retry-after': '600' })(request, response);
    response.on('close', () => stop.abort());
  }];
  await expect(send(api, 'MakeThing', '/v1/things')).rejects.toThrow('aborted');
});

test('a refusal is handed on, one without a problem document too; a token that is refused ends all', async () => {
  const api = await CommandApi.connect(url, never);
  const errors = [{ pointer: '/lead', rule: 'required', message: 'is required' }];
  answers = [
    json(422, { code: 'REQUEST.INVALID', detail: 'one thing is wrong', errors }),
    (_, response) => void response.writeHead(500).end('<html>'),
    json(401, { code: 'AUTH.TOKEN_INVALID', detail: 'it has expired' }),
  ];
  expect(await send(api, 'MakeThing', '/v1/things')).toEqual({ status: 422, code: 'REQUEST.INVALID', detail: 'one thing is wrong', errors });
  expect(await send(api, 'MakeThing', '/v1/things')).toEqual({ status: 500, code: 'HTTP.500', detail: 'the API answers 500 without saying why', errors: [] });
  await expect(send(api, 'MakeThing', '/v1/things')).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('it has expired') });
});

test('something that is no API of a ledger is not taken for one', async () => {
  answers = [json(200, { hello: 'world' })];
  await expect(CommandApi.connect(`${url}/elsewhere`, never)).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining('describes no API of a ledger') });
});

test('path parameters are filled in and escaped', () => {
  expect(filledPath('/v1/a/{id}/b/{version}', { id: 'x/y', version: 2 })).toEqual({ path: '/v1/a/x%2Fy/b/2' });
  expect(filledPath('/v1/a/{id}', {})).toEqual({ missing: 'id' });
  expect(filledPath('/v1/a/{id}', { id: 'x', code: 'y' })).toEqual({ unknown: 'code' });
});
