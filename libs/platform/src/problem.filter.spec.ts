import { HttpException, Logger, type ArgumentsHost } from '@nestjs/common';
import { EventStoreError } from '#event-store/event-store.ts';
import { ProblemFilter } from './problem.filter.ts';
import { Problem } from './problem.ts';

const logged: unknown[] = [];

beforeAll(() => Logger.overrideLogger({ log: () => undefined, warn: () => undefined, error: (message: unknown) => logged.push(message) }));
beforeEach(() => logged.splice(0));
afterAll(() => Logger.overrideLogger(true));

test('what failed is logged, with its cause', () => {
  caught(new EventStoreError('EVENT_STORE.UNAVAILABLE', 'out of reach', { cause: new Error('the driver says') }));
  caught(new Problem(503, 'AUTH.ISSUER_UNAVAILABLE', 'no keys', { cause: new Error('fetch failed') }));
  caught(new TypeError('a bug'));
  expect(logged).toMatchObject([{ code: 'EVENT_STORE.UNAVAILABLE' }, { code: 'AUTH.ISSUER_UNAVAILABLE' }, { code: 'INTERNAL' }]);
  expect(logged).toMatchObject([{ error: expect.stringContaining('the driver says') }, { error: expect.stringContaining('fetch failed') }, { error: expect.stringContaining('a bug') }]);
});

test('who is turned away because too much is at work fills no log', () => {
  caught(new Problem(503, 'SERVICE.BUSY', 'too many commands'));
  caught(new EventStoreError('EVENT_STORE.UNAVAILABLE', 'too many reads are waiting for the event log'));
  caught(new Problem(429, 'REQUEST.RATE_LIMITED', 'slow down'));
  expect(logged).toEqual([]);
});

test('who is told "not just now" is told when to come back', () => {
  expect(caught(new Problem(503, 'REPORTING.LEDGER_UNAVAILABLE', 'away', { cause: new Error('refused') }))).toEqual({ 'retry-after': '1' });
  expect(caught(new HttpException('not now', 503))).toEqual({ 'retry-after': '1' });
  expect(caught(new Problem(503, 'FEED.BUSY', 'too many', { headers: { 'retry-after': '10' } }))).toEqual({ 'retry-after': '10' });
  expect(caught(new Problem(409, 'COMMAND.CONTENDED', 'again'))).toEqual({});
});

/** @returns the headers of the answer */
function caught(error: unknown): unknown {
  let sent: unknown;
  const reply: Record<string, unknown> = { sent: false, raw: { headersSent: false } };
  for (const method of ['code', 'type', 'send']) reply[method] = () => reply;
  reply['headers'] = (headers: unknown) => ((sent = headers), reply);
  const host = { switchToHttp: () => ({ getRequest: () => ({ id: '1', method: 'GET' }), getResponse: () => reply }) };
  new ProblemFilter().catch(error, host as unknown as ArgumentsHost);
  return sent;
}
