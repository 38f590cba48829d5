import type { FastifyRequest } from 'fastify';
import type { TokenVerifier } from './auth/token-verifier.ts';
import { Callers } from './callers.ts';
import { Problem } from './problem.ts';
import { RateLimiter } from './rate-limiter.ts';

test.each([
  new Problem(401, 'AUTH.TOKEN_INVALID', 'not one of ours'),
  new Problem(503, 'AUTH.ISSUER_UNAVAILABLE', 'no keys'),
])('a token that is not accepted counts against the address: $code', async (refusal) => {
  const tokens = { actorOf: () => Promise.reject(refusal) } as unknown as TokenVerifier;
  const callers = new Callers(tokens, new RateLimiter(1, () => 0));
  const call = () => callers.identify({ ip: '192.0.2.1', method: 'GET', headers: { authorization: 'Bearer made.up.token' } } as FastifyRequest);
  await expect(call()).rejects.toBe(refusal);
  await expect(call()).rejects.toBe(refusal);
  await expect(call()).rejects.toMatchObject({ status: 429 });
});
