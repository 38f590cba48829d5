import { createParamDecorator, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Actor, Role } from '#domain/event.ts';
import { tokenMissing } from './callers.ts';
import { Problem } from './problem.ts';

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

/** The actor of the request, or undefined where the route is open to anyone and no token came. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<FastifyRequest>().actor);

/** Lets in whom the route names: compares the role of who calls. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const { actor } = context.switchToHttp().getRequest<FastifyRequest>();
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [context.getHandler(), context.getClass()]);
    if (!access) throw new Problem(403, 'AUTH.ROUTE_WITHOUT_ACCESS', 'nobody was given access to this path');
    if (access.by !== 'anyone') admit(access, actor);
    return true;
  }
}

/** @throws Problem AUTH.TOKEN_MISSING (401) or AUTH.ROLE_DENIED (403) */
function admit({ by, orTranscribing }: Access, actor: Actor | undefined): void {
  if (!actor) throw tokenMissing();
  const roles: readonly string[] = [by, orTranscribing ? 'secretariat' : []].flat();
  if (!roles.includes(actor.role)) throw new Problem(403, 'AUTH.ROLE_DENIED', `this is open to ${roles.join(', ')}; the token says ${actor.role}`);
}
