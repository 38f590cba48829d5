import { refusals } from '#domain/refusal.ts';

/**
 * Every code that a problem can carry, and the rule in words: what was refused, and what to do. Codes are part of the
 * public contract; wording may improve. Served at /problems/{code}, where a problem's `type` leads.
 */
export const problemCodes = {
  ...refusals,

  'AUTH.TOKEN_MISSING': 'a bearer token is needed here',
  'AUTH.TOKEN_INVALID': 'a bearer token is signed by the issuer, meant for this service, not expired, and names agency and role',
  'AUTH.ISSUER_UNAVAILABLE': 'the keys of the issuer can be read: try again',
  'AUTH.ROLE_DENIED': 'the role of the token may do this',
  'AUTH.NOT_YOURS': 'the agency of the token is the one whose record it is',
  'AUTH.ROUTE_WITHOUT_ACCESS': 'a path is open to those who were given access to it',

  'REQUEST.INVALID': 'the body keeps to its schema',
  'REQUEST.INVALID_QUERY': 'query parameters keep to their schema',
  'REQUEST.INVALID_PATH': 'path parameters keep to their schema',
  'REQUEST.INVALID_HEADER': 'headers have the form that is asked for',
  'REQUEST.IDEMPOTENCY_KEY': 'a command carries an Idempotency-Key of visible ASCII characters',
  'REQUEST.KEY_REUSED': 'an Idempotency-Key stands for one request: a new request needs a new key',
  'REQUEST.IF_MATCH': 'If-Match is one revision in quotes, as ETag gave it',
  'REQUEST.IF_MATCH_MISSING': 'a decision that rests on what was read names its revision in If-Match',
  'REQUEST.STALE_REVISION': 'If-Match names the present revision: read the record again',
  'REQUEST.CURSOR': 'a cursor goes with the list and the parameters that it came from',
  'REQUEST.MALFORMED': 'a request is well-formed HTTP',
  'REQUEST.MALFORMED_JSON': 'a body is JSON in UTF-8, names each field of an object once, and is not nested without end',
  'REQUEST.MALFORMED_URL': 'a path is a valid URL',
  'REQUEST.URL_TOO_LONG': 'a part of a path has at most 100 characters',
  'REQUEST.HEADERS_TOO_LARGE': 'headers have at most 16 KiB together',
  'REQUEST.TOO_LARGE': 'a body has at most 1 MiB',
  'REQUEST.MEDIA_TYPE': 'a body is application/json',
  'REQUEST.NOT_ACCEPTABLE': 'one of the accepted media types can be given',
  'REQUEST.TIMEOUT': 'a request arrives in time',
  'REQUEST.RATE_LIMITED': 'a caller sends so many requests a second at most: wait as Retry-After says',
  'REQUEST.REFUSED': 'a request is one that can be answered',

  'ROUTE.NOT_FOUND': 'there is something at the path for the method',
  'ROUTE.METHOD_NOT_ALLOWED': 'the path takes the method',

  'VERSION.UNKNOWN': 'the version exists',
  'COMMAND.CONTENDED': 'others do not change the record all the while: try again',
  'QUERY.NOT_YET': 'an answer reaches up to minPosition: ask again',
  'FEED.BUSY': 'so many streams are open at once at most, for one caller and for all: try again, or read pages',
  'FEED.BEYOND_THE_END': 'the feed goes on from a position that the log has: a subscriber that has seen more follows another log, or one that was restored',

  'EVENT.TYPE_UNKNOWN': 'newer software wrote to the record: this server is being replaced, try again',
  'EVENT.MISFIT': 'what the log holds of the record is what the schemas say: it is for the operators to mend, trying again may help later',
  'EVENT_STORE.UNAVAILABLE': 'the event log answers: repeat the request with the same Idempotency-Key',
  'EVENT_STORE.EVENT_TOO_LARGE': 'an event has at most 256 KiB, and what one command records 1,000,000 bytes: split it',
  'EVENT_STORE.REFUSED': 'the event log takes the record',
  'EVENT_STORE.TRUNCATED': 'the event log holds all events of the record: some were deleted there, which is for the operators to mend',
  'DATABASE.UNAVAILABLE': 'the database answers: try again',
  'SERVICE.BUSY': 'so much is at work at once at most: wait as Retry-After says, then repeat the request, a command with the same Idempotency-Key',
  'SERVICE.UNAVAILABLE': 'the service answers: try again',
  'REPORTING.LEDGER_UNAVAILABLE': 'the ledger answers the reporting service: try again',
  INTERNAL: 'nothing goes wrong on our side: report it with the id of the request',
} as const;

export type ProblemCode = keyof typeof problemCodes;

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemCodes, code);
}
