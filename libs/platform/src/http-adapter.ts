import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BodiesUnderWay } from './bodies-under-way.ts';
import type { Callers } from './callers.ts';
import type { Drain } from './drain.ts';
import { parseJson } from './json-body.ts';
import type { Metrics } from './metrics.module.ts';
import { Problem, PROBLEM_MEDIA_TYPE, problemBody } from './problem.ts';
import { problemOf, sendProblem } from './problem.filter.ts';

/** Largest body, in bytes. */
export const BODY_BYTES_MAX = 1024 * 1024;
/** Of all bodies at once, and of those of one caller. */
export const BODIES_BYTES_MAX = 64 * BODY_BYTES_MAX;
export const BODIES_OF_ONE_BYTES_MAX = 8 * BODY_BYTES_MAX;
/** Connections that are open at once at most; more are closed at once, so that those to the database can still be opened. */
export const CONNECTIONS_MAX = 5000;
/** Longest time that a request may take to arrive, in milliseconds; looked at ten times in it. */
export const REQUEST_MS_MAX = 60_000;
/** Longest time that requests under way get when the process stops, in milliseconds. */
export const DRAIN_MS_MAX = 10_000;

export interface HttpAdapterOptions {
  drain: Drain;
  metrics: Metrics;
  /** Who are found out before a body is read; nobody is where it is left out. */
  callers?: Callers | undefined;
  trustProxy?: string | undefined;
  connectionsMax?: number | undefined;
  requestMsMax?: number | undefined;
  drainMsMax?: number | undefined;
}

/** Fastify as every app here uses it: JSON bodies alone, problems for whatever goes wrong before a route runs, and a stop that drains. */
export class HttpAdapter extends FastifyAdapter {
  /** Every route there is, whoever added it; HEAD comes with each GET. */
  readonly routes: { method: string; path: string }[] = [];
  #closed: Promise<void> | undefined;

  constructor(private readonly settings: HttpAdapterOptions) {
    const requestMsMax = settings.requestMsMax ?? REQUEST_MS_MAX;
    super({
      bodyLimit: BODY_BYTES_MAX,
      genReqId: requestId,
      trustProxy: settings.trustProxy ?? false,
      // Above the 60 s for which load balancers keep a connection, so that they never use one that we just closed.
      keepAliveTimeout: 65_000,
      requestTimeout: requestMsMax,
      // Node takes the smaller of the two for the headers: one alone would leave the body the other.
      http: { headersTimeout: requestMsMax, connectionsCheckingInterval: requestMsMax / 10 },
      // While draining, what still comes over an open connection is answered, and the connection closed.
      return503OnClosing: false,
      frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => sendProblem(reply, problemOf(error, request.id)),
      clientErrorHandler: answerMalformed,
    });
    this.#acceptJsonOnly();
    const fastify = this.getInstance();
    fastify.server.maxConnections = settings.connectionsMax ?? CONNECTIONS_MAX;
    fastify.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) if (one !== 'HEAD') this.routes.push({ method: one, path: url });
    });
    fastify.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
    fastify.addHook('onRequest', async (request) => settings.callers?.identify(request));
    const bodies = new BodiesUnderWay({ bytesMax: BODY_BYTES_MAX, allBytesMax: BODIES_BYTES_MAX, bytesOfOneMax: BODIES_OF_ONE_BYTES_MAX });
    fastify.addHook('onRequest', async (request, reply) => bodies.take(request, reply));
    fastify.addHook('onSend', async (request, reply) => {
      if (settings.drain.signal.aborted && request.raw.httpVersionMajor === 1) void reply.header('connection', 'close');
    });
    fastify.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'none';
      settings.metrics.requestSeconds.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    });
  }

  /** Nest's first step of stopping, before any module lets go of what requests under way may need. */
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- Nest awaits it, which its type does not say; a test of http-app.spec.ts holds it to that
  override async beforeClose(): Promise<void> {
    super.beforeClose();
    await this.close();
  }

  override close(): Promise<void> {
    this.#closed ??= this.#drain();
    return this.#closed;
  }

  /** No new connections; those that fall idle are closed; what is left after DRAIN_MS_MAX is cut off. */
  async #drain(): Promise<void> {
    this.settings.drain.begin();
    const server = this.getInstance().server;
    const idle = setInterval(() => server.closeIdleConnections(), 100);
    const end = setTimeout(() => server.closeAllConnections(), this.settings.drainMsMax ?? DRAIN_MS_MAX);
    try {
      await super.close();
    } finally {
      clearInterval(idle);
      clearTimeout(end);
    }
  }

  #acceptJsonOnly(): void {
    const fastify = this.getInstance();
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => (body.length === 0 ? undefined : parseJson(body)));
  }
}

/** The caller's own id where it is a plain one, so that a request can be followed through several services. */
function requestId(request: { headers: FastifyRequest['headers'] }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

/** For what is not even HTTP; there is no request yet, so the answer is written by hand. */
function answerMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy();
  const problem =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? new Problem(408, 'REQUEST.TIMEOUT', 'the request did not arrive in time')
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? new Problem(431, 'REQUEST.HEADERS_TOO_LARGE', 'the headers are too large')
        : new Problem(400, 'REQUEST.MALFORMED', 'the request is malformed');
  const body = JSON.stringify(problemBody(problem));
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
