import { Logger } from '@nestjs/common';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { testDatabase } from '#testing/postgres.ts';
import { HealthChecks } from './health.module.ts';
import { addLogCheck } from './log-check.ts';

test('health tells which server keeps the log, and why it does not answer', async () => {
  Logger.overrideLogger(false);
  const database = await testDatabase();
  await migrateEventLog(database.url);
  const store = await openEventStore(database.url);
  const health = new HealthChecks();
  addLogCheck(health, store);
  expect((await health.ready()).checks).toEqual({ log: { ok: true, detail: expect.stringMatching(/^PostgreSQL \d+(\.\d+)+, primary; ends at 0$/) } });
  await database.drop();
  expect(await health.ready()).toEqual({ status: 'not ready', checks: { log: { ok: false, detail: expect.stringMatching(/^the event log /) } } });
  await store.close();
});
