import { existsSync, readFileSync } from 'node:fs';
import { until } from './until.ts';

/** What `test/setup.ts` writes once the broker answers, or cannot be started. */
export type KafkaState = { brokers: string[] } | { missing: string };

/** The broker that all integration tests share. It starts while the first tests run, so this may wait a while. */
export async function testKafka(): Promise<{ brokers: string[] }> {
  const file = process.env.TEST_KAFKA_STATE;
  if (!file) throw new Error('no test broker: tests that need Kafka are named *.int.spec.ts or *.e2e.spec.ts');
  await until(() => existsSync(file), { deadlineMs: 120_000, intervalMs: 50 });
  const state = JSON.parse(readFileSync(file, 'utf8')) as KafkaState;
  if ('missing' in state) throw new Error(`these tests need Kafka: ${state.missing}`);
  return state;
}
