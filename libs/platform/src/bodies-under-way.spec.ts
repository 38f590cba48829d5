import { EventEmitter } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BodiesUnderWay } from './bodies-under-way.ts';

const BOUNDS = { bytesMax: 100, allBytesMax: 500, bytesOfOneMax: 250 };

test('what one caller sends is bounded, and leaves room for the others', () => {
  const bodies = new BodiesUnderWay(BOUNDS);
  const first = take(bodies, 'a', { 'content-length': '100' });
  take(bodies, 'a', { 'content-length': '100' });
  expect(() => take(bodies, 'a', { 'content-length': '51' })).toThrow('SERVICE.BUSY');
  take(bodies, 'a', { 'content-length': '50' });
  for (let n = 0; n < 2; n += 1) take(bodies, 'b', { 'content-length': '100' });
  expect(() => take(bodies, 'c', { 'content-length': '51' })).toThrow('SERVICE.BUSY');
  first.emit('close');
  take(bodies, 'c', { 'content-length': '51' });
  take(bodies, 'a', { 'content-length': '49' });
});

test('a body in chunks counts as the longest, one that is too long no more than that, and none as nothing', () => {
  const bodies = new BodiesUnderWay({ ...BOUNDS, allBytesMax: 200 });
  take(bodies, 'a', { 'transfer-encoding': 'chunked' });
  take(bodies, 'a', { 'content-length': '1000000' });
  expect(() => take(bodies, 'b', { 'content-length': '1' })).toThrow('SERVICE.BUSY');
  take(bodies, 'b', {});
  take(bodies, 'b', { 'content-length': '100' }, 'GET');
});

function take(bodies: BodiesUnderWay, actor: string, headers: Record<string, string>, method = 'POST'): EventEmitter {
  const raw = new EventEmitter();
  bodies.take({ method, headers, actor: { id: actor } } as unknown as FastifyRequest, { raw } as unknown as FastifyReply);
  return raw;
}
