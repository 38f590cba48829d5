import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka, stopLeftoverKafka } from '#embedded/kafka.ts';
import type { EmbeddedKafka, NoKafka } from '#embedded/kafka.ts';
import { startPostgres, stopLeftoverPostgres } from '#embedded/postgres.ts';
import { commandLineOf } from '#embedded/process.ts';
import type { KafkaState } from '#testing/kafka.ts';

const prefix = 'ledger-test-';

/** Starts what the integration tests share; runs once, before the first of them, and not at all for unit tests. */
export default async function setup(): Promise<void> {
  await removeLeftovers();
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  const stops: (() => Promise<void>)[] = [];
  globalThis.stopTestServers = async () => {
    await Promise.all(stops.map((stop) => stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  // Jest does not come to its teardown on a signal.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void globalThis.stopTestServers?.().finally(() => process.exit(1)));
  }

  if (!process.env.TEST_POSTGRES_URL) {
    const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
    stops.push(postgres.stop);
    process.env.TEST_POSTGRES_URL = postgres.url;
  }
  if (!process.env.TEST_KAFKA_STATE) {
    // Takes seconds, and not every test needs it: `testKafka()` waits for this file.
    const stateFile = join(folder, 'kafka.json');
    process.env.TEST_KAFKA_STATE = stateFile;
    const starting = startKafka({ dataDir: join(folder, 'kafka') })
      .catch((error: Error): NoKafka => ({ missing: error.message }));
    stops.push(() => starting.then((kafka) => ('stop' in kafka ? kafka.stop() : undefined)));
    void starting.then((kafka) => announce(stateFile, kafka));
  }
}

function announce(stateFile: string, kafka: EmbeddedKafka | NoKafka): void {
  const state: KafkaState = 'brokers' in kafka ? { brokers: kafka.brokers } : kafka;
  writeFileSync(`${stateFile}.new`, JSON.stringify(state));
  renameSync(`${stateFile}.new`, stateFile);
}

/** Servers and folders of test runs that were killed. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    if (commandLineOf(Number(name.slice(prefix.length).split('-')[0])) !== '') continue;
    const folder = join(tmpdir(), name);
    await stopLeftoverPostgres(join(folder, 'postgres'));
    await stopLeftoverKafka(join(folder, 'kafka'));
    rmSync(folder, { recursive: true, force: true });
  }
}

declare global {
  var stopTestServers: (() => Promise<void>) | undefined;
}
