import { jest } from '@jest/globals';
import { JsonLogger } from './json-logger.ts';

let lines: string[];

beforeEach(() => {
  lines = [];
  const keep = (text: unknown): boolean => lines.push(String(text)) > 0;
  jest.spyOn(process.stdout, 'write').mockImplementation(keep as typeof process.stdout.write);
  jest.spyOn(process.stderr, 'write').mockImplementation(keep as typeof process.stderr.write);
});
afterEach(() => void jest.restoreAllMocks());

test('one JSON object per line, from the level on', () => {
  const logger = new JsonLogger('log');
  logger.debug('unheard', 'Feed');
  logger.log('heard', 'Feed');
  logger.error({ code: 'INTERNAL', error: 'two\nlines' }, 'Problem');
  jest.restoreAllMocks();
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({ level: 'log', message: 'heard', context: 'Feed' }),
    expect.objectContaining({ level: 'error', message: { code: 'INTERNAL', error: 'two\nlines' }, context: 'Problem' }),
  ]);
});

test('wiring is told at the level of debug', () => {
  new JsonLogger('log').log('Mapped {/v1, GET} route', 'RouterExplorer');
  new JsonLogger('debug').log('Mapped {/v2, GET} route', 'RouterExplorer');
  jest.restoreAllMocks();
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([expect.objectContaining({ level: 'debug', message: 'Mapped {/v2, GET} route' })]);
});
