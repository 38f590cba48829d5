import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '#domain/refusal.ts';
import { EventStoreError } from '#event-store/event-store.ts';
import type { ProblemCode } from './problem-codes.ts';
import { Problem, PROBLEM_MEDIA_TYPE, problemBody } from './problem.ts';

/** Makes a problem of every error, and logs those that are ours to mend. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('Problem');

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = problemOf(error, request.id);
    if (problem.status >= 500 && !isOwnRefusal(error)) this.#logger.error({ code: problem.code, requestId: request.id, method: request.method, route: request.routeOptions?.url, error: traceOf(error) });
    if (reply.sent || reply.raw.headersSent) {
      // Too late to say it in words: a stream that breaks off must not look like one that ended.
      reply.raw.destroy();
      return;
    }
    sendProblem(reply, problem);
  }
}

export function sendProblem(reply: FastifyReply, problem: Problem): void {
  // Whoever is told "not just now" is told when to come back, whoever threw it.
  const headers = problem.status === 503 ? { ...RETRY_SOON, ...problem.headers } : problem.headers;
  void reply.code(problem.status).headers(headers).type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(problemBody(problem)));
}

/** The problem that a caller is told about an error; never a stack, never a driver's words. */
export function problemOf(error: unknown, requestId: string): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DomainError) return new Problem(409, error.code, error.message, { errors: error.errors, cause: error });
  if (error instanceof EventStoreError) return EVENT_STORE_PROBLEMS[error.code](error);
  if (error instanceof HttpException) return httpProblem(error, requestId);
  const { code: fastifyCode, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  // The caller's connection, not the database's: nobody hears the answer, but logs and metrics must not name a wrong culprit.
  if (fastifyCode === 'ECONNRESET' && statusCode === 400) return new Problem(400, 'REQUEST.MALFORMED', 'the body broke off', { cause: error });
  if (typeof fastifyCode === 'string' && fastifyCode in FASTIFY_PROBLEMS) return FASTIFY_PROBLEMS[fastifyCode]!(error);
  if (isDatabaseUnavailable(error)) return new Problem(503, 'DATABASE.UNAVAILABLE', 'the database does not answer just now; try again', { headers: RETRY_SOON, cause: error });
  return internal(error, requestId);
}

/** Turned away because too much is at work, or told to come back: nothing failed, and under load a line for each would be the next trouble. */
function isOwnRefusal(error: unknown): boolean {
  if (error instanceof EventStoreError) return error.code === 'EVENT_STORE.UNAVAILABLE' && error.cause === undefined;
  return error instanceof Problem && error.status === 503 && error.cause === undefined;
}

const RETRY_SOON = { 'retry-after': '1' };

const EVENT_STORE_PROBLEMS: Record<EventStoreError['code'], (error: EventStoreError) => Problem> = {
  'EVENT_STORE.UNAVAILABLE': (cause) =>
    new Problem(503, cause.code, 'the event log does not answer just now; repeat the request with the same Idempotency-Key', { headers: RETRY_SOON, cause }),
  'EVENT_STORE.EVENT_TOO_LARGE': (cause) => new Problem(413, cause.code, 'the record is too large for the event log; split it', { cause }),
  'EVENT_STORE.TRUNCATED': (cause) => new Problem(503, cause.code, 'events of the record are missing from the event log; no answer is better than a wrong one', { cause }),
  'EVENT_STORE.REFUSED': (cause) => new Problem(422, cause.code, 'the event log does not take this record', { cause }),
};

/** What Fastify found wrong before any route ran. Nest wraps these into HttpExceptions and keeps them as the cause. */
const FASTIFY_PROBLEMS: Record<string, (cause: unknown) => Problem> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (cause) => new Problem(413, 'REQUEST.TOO_LARGE', 'the body is larger than 1 MiB', { cause }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (cause) => new Problem(415, 'REQUEST.MEDIA_TYPE', 'bodies are application/json', { cause }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: (cause) => new Problem(400, 'REQUEST.MALFORMED', 'the body is not as long as Content-Length says', { cause }),
  FST_ERR_BAD_URL: (cause) => new Problem(400, 'REQUEST.MALFORMED_URL', 'the path is not a valid URL', { cause }),
  FST_ERR_MAX_PARAM_LENGTH: (cause) => new Problem(414, 'REQUEST.URL_TOO_LONG', 'a part of the path is too long', { cause }),
};

/** What Nest itself throws; our own code throws Problems. */
const STATUS_PROBLEMS: Record<number, [code: ProblemCode, detail: string]> = {
  400: ['REQUEST.MALFORMED', 'the request is malformed'],
  401: ['AUTH.TOKEN_MISSING', 'a bearer token is needed'],
  403: ['AUTH.ROLE_DENIED', 'this is not open to you'],
  404: ['ROUTE.NOT_FOUND', 'there is nothing at this path for this method'],
  405: ['ROUTE.METHOD_NOT_ALLOWED', 'the path does not take this method'],
  406: ['REQUEST.NOT_ACCEPTABLE', 'none of the accepted media types can be given'],
  408: ['REQUEST.TIMEOUT', 'the request did not arrive in time'],
  413: ['REQUEST.TOO_LARGE', 'the body is larger than 1 MiB'],
  415: ['REQUEST.MEDIA_TYPE', 'bodies are application/json'],
  429: ['REQUEST.RATE_LIMITED', 'too many requests; slow down'],
  503: ['SERVICE.UNAVAILABLE', 'not just now; try again'],
};

function httpProblem(error: HttpException, requestId: string): Problem {
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  if (typeof code === 'string' && code in FASTIFY_PROBLEMS) return FASTIFY_PROBLEMS[code]!(error);
  const status = error.getStatus();
  const known = STATUS_PROBLEMS[status];
  if (known) return new Problem(status, ...known, { cause: error });
  return status < 500 ? new Problem(status, 'REQUEST.REFUSED', 'the request was refused', { cause: error }) : internal(error, requestId);
}

function internal(cause: unknown, requestId: string): Problem {
  return new Problem(500, 'INTERNAL', `something went wrong on our side; when you report it, quote ${requestId}`, { cause });
}

/** Errors can name each other as their cause. */
const CAUSES_MAX = 5;

/** Told by shape, because only the adapters may know the driver: node's socket errors and SQLSTATE classes. */
function isDatabaseUnavailable(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > CAUSES_MAX) return false;
  const { code, driverError, cause } = error as Error & { code?: unknown; driverError?: unknown };
  if (typeof code === 'string' && UNAVAILABLE_CODE.test(code)) return true;
  if (UNAVAILABLE_MESSAGE.test(error.message)) return true;
  return isDatabaseUnavailable(driverError, depth + 1) || isDatabaseUnavailable(cause, depth + 1);
}

/** 08 connection, 57P0x shutting down or starting, 53300 too many connections, 55P03 lock and 57014 statement timeout. */
const UNAVAILABLE_CODE = /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|08[0-9A-Z]{3}|57P0[1-5]|53300|55P03|57014)$/;
/** The pool's and the client's own errors carry no code. */
const UNAVAILABLE_MESSAGE = /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout)/;

function traceOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined || depth > CAUSES_MAX ? '' : `\ncaused by ${traceOf(error.cause, depth + 1)}`;
  return `${error.stack ?? error.message}${cause}`;
}
