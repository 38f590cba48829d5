import { ignorePastTimers } from '#messaging/kafkajs/past-timers.ts';
import { ConfigError, readConfig } from '#platform/config.ts';
import { startReporting } from './app.ts';
import { LedgerConsumer } from './ledger-consumer.ts';
import { reportingSettings } from './settings.ts';

/** The reference subscriber: what a reporting team would write to follow the ledger by its published events alone. */
async function main(): Promise<void> {
  ignorePastTimers();
  const config = readConfig(reportingSettings);
  const app = await startReporting(config);
  await app.get(LedgerConsumer).ended;
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  // Whoever watches this process starts it again; it goes on where its tables stand.
  process.exit(1);
});
