import { ignorePastTimers } from '#messaging/kafkajs/past-timers.ts';
import { ConfigError, readConfig } from '#platform/config.ts';
import { createHttpApp, listen } from '#platform/http-app.ts';
import { PublisherModule, publisherSettings } from './publisher.module.ts';
import { PublisherProcess } from './publisher-process.ts';

/** Publishes the log to Kafka; beside that, tells how it is doing. */
async function main(): Promise<void> {
  ignorePastTimers();
  const config = readConfig(publisherSettings);
  const app = await createHttpApp(PublisherModule.of(config), config);
  await listen(app, config);
  await app.get(PublisherProcess).ended;
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  // Whoever watches this process starts it again; it then begins from what the topics hold.
  process.exit(1);
});
