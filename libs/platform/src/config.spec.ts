import { z } from 'zod';
import {
  ConfigError, DATABASE_URL, DATA_DIR, EVENT_STORE_URL, HOST, KAFKA_BROKERS, LOG_LEVEL, NODE_ENV, OIDC_AUDIENCE, OIDC_ISSUER, PORT,
  RATE_LIMIT_PER_SECOND, readConfig,
} from './config.ts';

const All = z.object({ PORT, HOST, DATA_DIR, NODE_ENV, DATABASE_URL, EVENT_STORE_URL, KAFKA_BROKERS, OIDC_ISSUER, OIDC_AUDIENCE, RATE_LIMIT_PER_SECOND, LOG_LEVEL });
const database = 'postgres://writer:s3cret@localhost:5432/ledger';

test('what is not set takes its default, and the log is in the database', () => {
  expect(readConfig(All, { DATABASE_URL: database, KAFKA_BROKERS: 'localhost:9092' })).toEqual({
    PORT: 3000,
    HOST: '127.0.0.1',
    DATA_DIR: '.data',
    NODE_ENV: 'development',
    DATABASE_URL: database,
    EVENT_STORE_URL: database,
    KAFKA_BROKERS: ['localhost:9092'],
    RATE_LIMIT_PER_SECOND: 200,
    LOG_LEVEL: 'log',
  });
});

test('what is set is read as its type', () => {
  const config = readConfig(All, {
    PORT: '0',
    DATABASE_URL: database,
    EVENT_STORE_URL: 'kurrentdb://a:2113',
    KAFKA_BROKERS: 'a:9092, b.example:9093,[::1]:9094',
    OIDC_ISSUER: 'https://id.example/realm',
    RATE_LIMIT_PER_SECOND: '5',
  });
  expect(config).toMatchObject({
    PORT: 0,
    EVENT_STORE_URL: 'kurrentdb://a:2113',
    KAFKA_BROKERS: ['a:9092', 'b.example:9093', '[::1]:9094'],
    OIDC_ISSUER: 'https://id.example/realm',
    RATE_LIMIT_PER_SECOND: 5,
  });
});

test.each([
  'postgresql://writer:s3cret@localhost/log', 'kurrentdb://a', 'kurrentdb://admin:changeit@a:2113,b.example:2114,[::1]:2115?tls=true&nodePreference=leader&log=ledger',
  'kurrentdb+discover://cluster.example:2113', 'esdb://a:2113/?tls=false&keep_alive_interval=5000', 'esdb+discover://admin:s3cret@a',
])('EVENT_STORE_URL takes %s', (url) => {
  expect(readConfig(z.object({ EVENT_STORE_URL }), { EVENT_STORE_URL: url })).toEqual({ EVENT_STORE_URL: url });
});

test.each([
  ['postgres://writer:s3cret@a:5432,b:5432/log', 'must name one host'], ['postgres:///log', 'must name one host'],
  ['kurrentdb://', 'must name one or several hosts'], ['kurrentdb://admin:s3cret@', 'must name one or several hosts'],
  ['kurrentdb://s3cret:s3cret@a:2113,,b:2113', 'must name one or several hosts'], ['kurrentdb://s3cret:s3cret@a:99999', 'must name one or several hosts'],
  ['kurrentdb://s3cret:s3cret@a?tls=true&s3cret=1', 'has a setting that is none of log, tls, tlsCAFile'],
  ['http://s3cret:s3cret@a:2113', 'must be a URL that starts with'], ['kurrentdb:s3cret', 'must be a URL that starts with'], ['s3cret', 'must be a URL that starts with'],
])('EVENT_STORE_URL %s is refused with the rule, and without its value', (url, rule) => {
  const { wrong, message } = errorOf(() => readConfig(z.object({ EVENT_STORE_URL }), { EVENT_STORE_URL: url }));
  expect(wrong).toEqual([{ variable: 'EVENT_STORE_URL', rule: expect.stringContaining(rule) }]);
  expect(message).not.toContain('s3cret');
});

test('an app gets only what it asks for', () => {
  expect(readConfig(z.object({ DATA_DIR }), { DATA_DIR: 'x', HOME: '/somewhere' })).toEqual({ DATA_DIR: 'x' });
});

test('every wrong variable is named with its rule, at once, and without its value', () => {
  const env = {
    PORT: '70000',
    NODE_ENV: 'staging',
    DATABASE_URL: 'mysql://u:s3cret@h/db',
    EVENT_STORE_URL: '',
    KAFKA_BROKERS: 'localhost',
    OIDC_ISSUER: 'not a url',
    RATE_LIMIT_PER_SECOND: '-1',
    LOG_LEVEL: 'loud',
  };
  const error = errorOf(() => readConfig(All, env));
  expect(error.wrong).toEqual([
    { variable: 'PORT', rule: 'must be a port number, 0 to 65535' },
    { variable: 'NODE_ENV', rule: 'must be development, test or production' },
    { variable: 'DATABASE_URL', rule: 'must be a URL that starts with postgres:// or postgresql://' },
    { variable: 'EVENT_STORE_URL', rule: expect.stringMatching(/^must be a URL that starts with postgres:\/\/ or .*kurrentdb:\/\/ or .*esdb\+discover:\/\/$/) },
    { variable: 'KAFKA_BROKERS', rule: 'must be a list of host:port, separated by commas' },
    { variable: 'OIDC_ISSUER', rule: 'must be a URL that starts with https:// or http://' },
    { variable: 'RATE_LIMIT_PER_SECOND', rule: 'must be a whole number, 1 to 1000000' },
    { variable: 'LOG_LEVEL', rule: 'must be debug, log, warn, error or fatal' },
  ]);
  expect(error.message).toContain('\n  PORT: must be a port number, 0 to 65535\n');
  expect(error.message).not.toContain('s3cret');
});

test.each([[{}], [{ DATABASE_URL: '' }], [{ DATABASE_URL: '  ' }]])('a missing or empty variable is required: %j', (env) => {
  expect(errorOf(() => readConfig(z.object({ DATABASE_URL, KAFKA_BROKERS }), env)).wrong).toEqual([
    { variable: 'DATABASE_URL', rule: 'is required' },
    { variable: 'KAFKA_BROKERS', rule: 'is required' },
  ]);
});

test.each(['x', '1.5', '-1', '65536', '1e3', '0x10'])('PORT %s is refused', (port) => {
  expect(errorOf(() => readConfig(z.object({ PORT }), { PORT: port })).wrong).toEqual([{ variable: 'PORT', rule: 'must be a port number, 0 to 65535' }]);
});

test.each(['a', 'a:', ':9092', 'a:0', 'a:65536', 'a:9092,', 'http://a:9092'])('KAFKA_BROKERS %s is refused', (brokers) => {
  expect(errorOf(() => readConfig(z.object({ KAFKA_BROKERS }), { KAFKA_BROKERS: brokers })).wrong).toHaveLength(1);
});

function errorOf(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
