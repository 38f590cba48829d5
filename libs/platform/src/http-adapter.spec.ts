import { once } from 'node:events';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Drain } from './drain.ts';
import { HttpAdapter } from './http-adapter.ts';
import { Metrics } from './metrics.module.ts';

@Module({})
class EmptyModule {}

async function start(drainMsMax: number) {
  const drain = new Drain();
  const adapter = new HttpAdapter({ drain, metrics: new Metrics(), drainMsMax });
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
