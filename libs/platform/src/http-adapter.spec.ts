import { once } from 'node:events';
import { connect } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { until } from '#testing/until.ts';
import { Drain } from './drain.ts';
import { HttpAdapter } from './http-adapter.ts';
import { Metrics } from './metrics.module.ts';

@Module({})
class EmptyModule {}

async function start(drainMsMax: number, limits: { requestMsMax?: number; connectionsMax?: number } = {}) {
  const drain = new Drain();
  const adapter = new HttpAdapter({ drain, metrics: new Metrics(), drainMsMax, ...limits });
  const app = await NestFactory.create<NestFastifyApplication>(EmptyModule, adapter, { logger: false, bodyParser: false });
  return { app, drain, fastify: adapter.getInstance() };
}

test('a request that does not finish is cut off when the time for draining is over', async () => {
  const { app, fastify } = await start(50);
  const arrived = Promise.withResolvers<void>();
  fastify.get('/forever', () => {
    arrived.resolve();
    return new Promise(() => {});
  });
  await app.listen(0, '127.0.0.1');
  const answer = fetch(`${await app.getUrl()}/forever`).then(() => 'answered', () => 'cut off');
  await arrived.promise;
  await app.close();
  expect(await answer).toBe('cut off');
});

test('a stream without an end can end itself when draining begins', async () => {
  const { app, fastify, drain } = await start(60_000);
  fastify.get('/feed', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200).write('1,');
    drain.signal.addEventListener('abort', () => reply.raw.end('end'));
  });
  await app.listen(0, '127.0.0.1');
  const response = await fetch(`${await app.getUrl()}/feed`);
  const [text] = await Promise.all([response.text(), app.close()]);
  expect(text).toBe('1,end');
});

test('idle connections do not hold up the stop, and stopping twice is stopping once', async () => {
  const { app, fastify } = await start(60_000);
  fastify.get('/', async () => 'x');
  await app.listen(0, '127.0.0.1');
  await (await fetch(await app.getUrl())).text();
  const [connection] = await Promise.all([once(fastify.server, 'close'), app.close(), app.close()]);
  expect(connection).toEqual([]);
  await app.close();
});

test.each([
  ['nothing at all', ''],
  ['headers without an end', 'POST /things HTTP/1.1\r\nhost: x\r\nx-slow: 1'],
  ['a body shorter than it should be', 'POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{"a":'],
  ['chunks without an end', 'POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n'],
])('whoever sends %s is told so when the time is over, and let go', async (_, text) => {
  const { app, fastify } = await start(60_000, { requestMsMax: 200 });
  fastify.post('/things', async () => 'taken');
  await app.listen(0, '127.0.0.1');
  const socket = connect(Number(new URL(await app.getUrl()).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.write(text);
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ status: 408, code: 'REQUEST.TIMEOUT' });
  await app.close();
});

test('connections beyond the most are closed, and taken again when others have gone', async () => {
  const { app, fastify } = await start(60_000, { connectionsMax: 2 });
  fastify.get('/', async () => 'x');
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const open = () => connect(Number(new URL(url).port), '127.0.0.1');
  const taken = [open(), open()];
  const beyond = open();
  await once(beyond, 'close');
  const gone = once(taken[0]!, 'close');
  taken[0]!.destroy();
  await gone;
  await until(async () => (await fetch(url)).ok);
  taken[1]!.destroy();
  await app.close();
});
