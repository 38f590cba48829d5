import { z } from 'zod';
import { wrongInLogUrl } from '#event-store/log-url.ts';

/**
 * Reads settings from the environment, typed by a zod object of the fields below. An empty variable counts as unset.
 * EVENT_STORE_URL is DATABASE_URL unless given.
 * @throws ConfigError naming every wrong variable at once, never with its value: a URL may hold a password.
 */
export function readConfig<Schema extends z.ZodType>(schema: Schema, env: Record<string, string | undefined> = process.env): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''));
  const result = schema.safeParse({ EVENT_STORE_URL: given['DATABASE_URL'], ...given });
  if (result.success) return result.data;
  throw new ConfigError(
    result.error.issues.map((issue) => ({
      variable: issue.path.join('.') || '(settings)',
      rule: issue.code === 'invalid_type' ? 'is required' : issue.message,
    })),
  );
}

/** The process can't start with these settings. The message has one line per variable. */
export class ConfigError extends Error {
  readonly wrong: readonly { variable: string; rule: string }[];

  constructor(wrong: readonly { variable: string; rule: string }[]) {
    super(['Wrong settings:', ...wrong.map(({ variable, rule }) => `  ${variable}: ${rule}`)].join('\n'));
    this.name = 'ConfigError';
    this.wrong = wrong;
  }
}

/** TCP port to listen on; 0 takes a free one. */
export const PORT = wholeNumber(0, 65_535, 'a port number').default(3000);
/** Address to listen on. A container needs 0.0.0.0. */
export const HOST = z.string().default('127.0.0.1');
/** Folder of what is kept on this machine, such as the local signing key. */
export const DATA_DIR = z.string().default('.data');
export const NODE_ENV = z
  .enum(['development', 'test', 'production'], { error: 'must be development, test or production' })
  .default('development');
/** PostgreSQL with the views, and with the log unless EVENT_STORE_URL says otherwise. */
export const DATABASE_URL = urlOf(['postgres', 'postgresql']);
/** The log; the scheme chooses the store. */
export const EVENT_STORE_URL = z.string().superRefine((url, context) => {
  const wrong = wrongInLogUrl(url);
  if (wrong !== undefined) context.addIssue({ code: 'custom', message: wrong });
});
/** `host:port` list, separated by commas; read as a list. */
export const KAFKA_BROKERS = z
  .string()
  .transform((text) => text.split(',').map((broker) => broker.trim()))
  .refine((brokers) => brokers.every(isHostAndPort), 'must be a list of host:port, separated by commas');
/** OpenID Connect issuer whose tokens are accepted. Without one, tokens come from a local key (never in production). */
export const OIDC_ISSUER = urlOf(['https', 'http']).optional();
/** What the issuer calls this API; required with OIDC_ISSUER. */
export const OIDC_AUDIENCE = z.string().optional();
/** Requests per second that one actor (or one address, without a token) may make for long; twice as many at once. */
export const RATE_LIMIT_PER_SECOND = wholeNumber(1, 1_000_000, 'a whole number').default(200);
/** Addresses or networks of reverse proxies, separated by commas, whose X-Forwarded-For is believed. */
export const TRUST_PROXY = z.string().optional();
export const LOG_LEVEL = z
  .enum(['debug', 'log', 'warn', 'error', 'fatal'], { error: 'must be debug, log, warn, error or fatal' })
  .default('log');

function wholeNumber(min: number, max: number, what: string) {
  const rule = `must be ${what}, ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error: rule, abort: true })
    .transform(Number)
    .refine((value) => value >= min && value <= max, rule);
}

function urlOf(schemes: readonly string[]) {
  return z.string().refine((text) => {
    const url = URL.parse(text);
    return url !== null && url.host !== '' && schemes.some((scheme) => url.protocol === `${scheme}:`);
  }, `must be a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`);
}

function isHostAndPort(text: string): boolean {
  const [, port] = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(text) ?? [];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}
