/** For tests: what a running app answers, and to whom. */
import type { INestApplication } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/internal';
import { RequestMethod, type Type } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { ACCESS, type Access } from './access.guard.ts';
import { HttpAdapter } from './http-adapter.ts';

export interface Route {
  method: string;
  /** `/v1/commitments/:id/register` */
  path: string;
  /** Undefined for a controller's method without access, which is shut, and for a route that no guard stands before. */
  access: Access | undefined;
}

/** Every route of an initialised app with who may call it, so that a test can fail where one has no access. */
export function routesOf(app: INestApplication): Route[] {
  const adapter = app.getHttpAdapter();
  if (!(adapter instanceof HttpAdapter)) throw new Error('the app was not made by createHttpApp');
  const accessOf = new Map<string, Access>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) for (const [key, access] of accessByRoute(metatype as Type)) accessOf.set(key, access);
  }
  return adapter.routes.map(({ method, path }) => ({ method, path, access: accessOf.get(`${method} ${path}`) }));
}

function accessByRoute(controller: Type): [key: string, access: Access][] {
  return new MetadataScanner().getAllMethodNames(controller.prototype as object).flatMap((name) => {
    const handler = (controller.prototype as Record<string, object>)[name]!;
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    const access = (Reflect.getMetadata(ACCESS, handler) ?? Reflect.getMetadata(ACCESS, controller)) as Access | undefined;
    if (method === undefined || !access) return [];
    return pathsOf(controller).flatMap((prefix) => pathsOf(handler).map((path): [string, Access] => [`${RequestMethod[method]} ${joined(prefix, path)}`, access]));
  });
}

function pathsOf(target: object): string[] {
  return [(Reflect.getMetadata(PATH_METADATA, target) as string | string[] | undefined) ?? ''].flat();
}

function joined(...parts: string[]): string {
  return `/${parts.flatMap((part) => part.split('/')).filter((step) => step !== '').join('/')}`;
}
