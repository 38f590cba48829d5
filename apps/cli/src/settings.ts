import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { ConfigError, DATA_DIR, readConfig } from '#platform/config.ts';
import type { Terminal } from './terminal.ts';

/** What `npm start` leaves in DATA_DIR: how to reach what it runs. */
const FILE = 'ledger.env';

export const settingsHelp = `Settings come from the environment: DATABASE_URL, EVENT_STORE_URL, KAFKA_BROKERS, API_URL, PORT, DATA_DIR (.data).
Where neither DATABASE_URL nor EVENT_STORE_URL is set, what \`npm start\` left in DATA_DIR/${FILE} counts.`;

/**
 * Settings of the environment. Where it names no database, those of the `npm start` of this DATA_DIR fill it up: all
 * of them or none, for the log of one ledger and the views of another must never meet.
 * @throws ConfigError
 */
export function readSettings<Schema extends z.ZodType>(schema: Schema, { env }: Pick<Terminal, 'env'>): z.output<Schema> {
  const namesDatabase = isSet(env['DATABASE_URL']) || isSet(env['EVENT_STORE_URL']);
  if (namesDatabase) return readConfig(schema, env);
  const file = join(DATA_DIR.parse(env['DATA_DIR'] || undefined), FILE);
  const found = settingsOfStart(file);
  try {
    return readConfig(schema, { ...found, ...Object.fromEntries(Object.entries(env).filter(([, value]) => isSet(value))) });
  } catch (error) {
    if (error instanceof ConfigError && found === undefined) error.message += `\nSet them, or run \`npm start\` first: there is no ${file}.`;
    throw error;
  }
}

function settingsOfStart(file: string): Record<string, string | undefined> | undefined {
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ConfigError([{ variable: 'DATA_DIR', rule: `${file} can't be read: ${(error as Error).message}` }]);
  }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== '';
}

const WebUrl = z.url({ protocol: /^https?$/, error: 'must be a URL that starts with http:// or https://' }).transform((url) => url.replace(/\/+$/, ''));
/** Where the API answers. */
export const API_URL = WebUrl.optional();
/** Where another app answers, for its health. */
export const APP_URL = WebUrl.optional();

/** Where none is named: this machine, at PORT. */
export function apiUrlOf({ API_URL: url, PORT: port }: { API_URL?: string | undefined; PORT: number }): string {
  return url ?? `http://127.0.0.1:${port}`;
}
