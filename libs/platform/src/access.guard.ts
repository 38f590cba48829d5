import { createParamDecorator, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Actor, Role } from '#domain/event.ts';
import { TokenVerifier } from './auth/token-verifier.ts';
import { Problem } from './problem.ts';
import { RateLimiter } from './rate-limiter.ts';

/** Metadata key of a route's Access. */
export const ACCESS = 'access';

/** Who may call a route. */
export interface Access {
  by: 'anyone' | Role | readonly Role[];
  /** The secretariat may too, on behalf of an agency, when it transcribes; that it does is checked by the command. */
  orTranscribing?: boolean;
}

/** Opens a route, which is shut without it. On a class it holds for every method without its own. */
export const Access = (access: Access) => SetMetadata(ACCESS, access);

declare module 'fastify' {
  interface FastifyRequest {
    /** Who the token names; undefined without a token. */
    actor?: Actor | undefined;
  }
}

/** The actor of the request, or undefined where the route is open to anyone and no token came. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().actor);

/** Lets in whom the route names: finds out who calls, counts the call against the rate limit, compares the role. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokenVerifier,
    private readonly limiter: RateLimiter,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [context.getHandler(), context.getClass()]);
    request.actor = await this.identify(request);
    if (!access) throw new Problem(403, 'AUTH.ROUTE_WITHOUT_ACCESS', 'nobody was given access to this path');
    if (access.by !== 'anyone') admit(access, request.actor);
    return true;
  }

  /** A token that comes is checked even where none is needed: with it, people see more. */
  private async identify(request: FastifyRequest): Promise<Actor | undefined> {
    try {
      const token = bearerToken(request.headers.authorization);
      const actor = token === undefined ? undefined : await this.tokens.actorOf(token);
      this.limiter.take(actor ? `actor ${actor.id}` : `address ${request.ip}`);
      return actor;
    } catch (error) {
      // A token that was refused names nobody, so guessing counts against the address.
      if (error instanceof Problem && error.status === 401) this.limiter.take(`address ${request.ip}`);
      throw error;
    }
  }
}

/** @throws Problem AUTH.TOKEN_MISSING (401) or AUTH.ROLE_DENIED (403) */
function admit({ by, orTranscribing }: Access, actor: Actor | undefined): void {
  if (!actor) throw new Problem(401, 'AUTH.TOKEN_MISSING', 'a bearer token is needed', { headers: { 'www-authenticate': 'Bearer' } });
  const roles: readonly string[] = [by, orTranscribing ? 'secretariat' : []].flat();
  if (!roles.includes(actor.role)) throw new Problem(403, 'AUTH.ROLE_DENIED', `this is open to ${roles.join(', ')}; the token says ${actor.role}`);
}

function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [, token] = /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(header.trim()) ?? [];
  if (token !== undefined) return token;
  throw new Problem(401, 'AUTH.TOKEN_INVALID', 'Authorization must be "Bearer" and a token', { headers: { 'www-authenticate': 'Bearer error="invalid_request"' } });
}
