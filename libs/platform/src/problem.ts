import type { ProblemCode } from './problem-codes.ts';

/** One wrong thing: where (RFC 6901 pointer into what was sent, '' for all of it), which rule, in words. */
export interface ProblemDetail {
  pointer: string;
  rule: string;
  message: string;
}

export interface ProblemOptions extends ErrorOptions {
  errors?: readonly ProblemDetail[];
  /** Sent with the answer, such as Retry-After. */
  headers?: Readonly<Record<string, string>>;
}

/** An error that the caller is told about, as RFC 9457 has it. `code` is stable; `detail` is for people. */
export class Problem extends Error {
  readonly errors: readonly ProblemDetail[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly status: number,
    readonly code: ProblemCode,
    readonly detail: string,
    { errors, headers = {}, ...options }: ProblemOptions = {},
  ) {
    super(`${code}: ${detail}`, options);
    this.name = 'Problem';
    this.errors = errors;
    this.headers = headers;
  }
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** What is sent: `application/problem+json`. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ProblemCode;
  errors?: readonly ProblemDetail[];
}

export function problemBody({ status, code, detail, errors }: Problem): ProblemBody {
  return { type: typeOf(code), title: titleOf(code), status, detail, code, ...(errors && { errors }) };
}

/** A path relative to the service that answers. */
export function typeOf(code: ProblemCode): string {
  return `/problems/${code}`;
}

/** JSON pointer of a path: RFC 6901. */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** `REQUEST.MALFORMED_JSON` -> `Request: malformed json`: RFC 9457 wants a title that only changes with the type. */
export function titleOf(code: ProblemCode): string {
  const words = code.toLowerCase().replaceAll('_', ' ').replaceAll('.', ': ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
