import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { DATABASE_URL, EVENT_STORE_URL, KAFKA_BROKERS, PORT } from '#platform/config.ts';
import { API_URL, apiUrlOf, readSettings } from './settings.ts';

const Settings = z.object({ DATABASE_URL, EVENT_STORE_URL, KAFKA_BROKERS: KAFKA_BROKERS.optional(), API_URL, PORT });
let DATA_DIR: string;

beforeEach(() => {
  DATA_DIR = mkdtempSync(join(tmpdir(), 'settings-'));
  writeFileSync(join(DATA_DIR, 'ledger.env'), [
    'DATABASE_URL=postgresql://me:secret@127.0.0.1:5555/ledger', 'EVENT_STORE_URL=postgresql://me:secret@127.0.0.1:5555/log',
    'KAFKA_BROKERS=127.0.0.1:9092', 'API_URL=http://127.0.0.1:3456', '',
  ].join('\n'));
});

afterEach(() => rmSync(DATA_DIR, { recursive: true }));

test('what npm start left counts where no database is named', () => {
  expect(readSettings(Settings, { env: { DATA_DIR } })).toEqual({
    DATABASE_URL: 'postgresql://me:secret@127.0.0.1:5555/ledger', EVENT_STORE_URL: 'postgresql://me:secret@127.0.0.1:5555/log',
    KAFKA_BROKERS: ['127.0.0.1:9092'], API_URL: 'http://127.0.0.1:3456', PORT: 3000,
  });
});

test('a variable that is set wins over it', () => {
  expect(readSettings(Settings, { env: { DATA_DIR, API_URL: 'https://ledger.example/', DATABASE_URL: '' } }))
    .toMatchObject({ API_URL: 'https://ledger.example', DATABASE_URL: 'postgresql://me:secret@127.0.0.1:5555/ledger' });
});

test('none of it counts where a database is named: two ledgers never mix', () => {
  expect(readSettings(Settings, { env: { DATA_DIR, DATABASE_URL: 'postgres://db.example/ledger' } }))
    .toEqual({ DATABASE_URL: 'postgres://db.example/ledger', EVENT_STORE_URL: 'postgres://db.example/ledger', PORT: 3000 });
  expect(() => readSettings(Settings, { env: { DATA_DIR, EVENT_STORE_URL: 'postgres://db.example/ledger' } })).toThrow('DATABASE_URL: is required');
});

test('a wrong address of the API is named', () => {
  expect(() => readSettings(Settings, { env: { DATA_DIR, API_URL: 'ledger.example' } })).toThrow('API_URL: must be a URL that starts with http:// or https://');
});

test('the API is on this machine unless it is named', () => {
  expect(apiUrlOf({ PORT: 3100 })).toBe('http://127.0.0.1:3100');
  expect(apiUrlOf({ PORT: 3100, API_URL: 'https://ledger.example' })).toBe('https://ledger.example');
});
