import type { FastifyRequest } from 'fastify';
import type { Actor } from '#domain/event.ts';
import type { TokenVerifier } from './auth/token-verifier.ts';
import { Problem } from './problem.ts';
import type { RateLimiter } from './rate-limiter.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who the token names; undefined without a token. */
    actor?: Actor | undefined;
  }
}

/** Finds out who calls, and counts the call against the rate limit. */
export class Callers {
  constructor(
    private readonly tokens: TokenVerifier,
    private readonly limiter: RateLimiter,
  ) {}

  /**
   * Names the request's actor, before its body is read: nobody fills the memory who is not known. A token that comes is
   * checked even where none is needed: with it, people see more.
   * @throws Problem AUTH.TOKEN_INVALID or AUTH.TOKEN_MISSING (401), REQUEST.RATE_LIMITED (429), AUTH.ISSUER_UNAVAILABLE (503)
   */
  async identify(request: FastifyRequest): Promise<void> {
    try {
      const token = bearerToken(request.headers.authorization);
      request.actor = token === undefined ? undefined : await this.tokens.actorOf(token);
      this.limiter.take(request.actor ? `actor ${request.actor.id}` : `address ${request.ip}`);
    } catch (error) {
      // A token that was not accepted names nobody, so guessing counts against the address; also while the issuer is away.
      if (!(error instanceof Problem && error.status === 429)) this.limiter.take(`address ${request.ip}`);
      throw error;
    }
    if (!request.actor && hasBody(request)) throw tokenMissing();
  }
}

export function tokenMissing(): Problem {
  return new Problem(401, 'AUTH.TOKEN_MISSING', 'a bearer token is needed', { headers: { 'www-authenticate': 'Bearer' } });
}

function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [, token] = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(header.trim()) ?? [];
  if (token !== undefined) return token;
  throw new Problem(401, 'AUTH.TOKEN_INVALID', 'Authorization must be "Bearer" and a token', { headers: { 'www-authenticate': 'Bearer error="invalid_request"' } });
}

/** The body of a GET is never read. */
function hasBody({ method, headers }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD' && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0);
}
