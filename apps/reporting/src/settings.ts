import { z } from 'zod';
import * as settings from '#platform/config.ts';
import { httpSettings } from '#platform/http-app.ts';

export const reportingSettings = z.object({
  ...httpSettings,
  DATABASE_URL: settings.DATABASE_URL,
  KAFKA_BROKERS: settings.KAFKA_BROKERS,
  /** Of the ledger's API, to reconcile with. */
  API_URL: z.url({ protocol: /^https?$/, error: 'must be the http:// or https:// URL of the API' }).default('http://127.0.0.1:3000'),
});
export type ReportingSettings = z.output<typeof reportingSettings>;

/** Injects the settings. */
export const SETTINGS = Symbol('ReportingSettings');
