import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import type { Admin } from 'kafkajs';
import { clusterId, startKafka } from './kafka.ts';
import type { EmbeddedKafka } from './kafka.ts';

let dataDir: string;
beforeEach(() => { dataDir = mkdtempSync(join(tmpdir(), 'embedded-kafka-')); });
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function started(): Promise<EmbeddedKafka> {
  const kafka = await startKafka({ dataDir });
  if ('missing' in kafka) throw new Error(kafka.missing);
  return kafka;
}

async function asAdmin<T>(brokers: string[], use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

test('takes over from a broker whose launcher was killed, keeps its topics, and makes none by itself', async () => {
  const orphan = await started();
  await asAdmin(orphan.brokers, (admin) => admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 3 }] }));
  const kafka = await started();
  try {
    await orphan.exited;
    expect(kafka.brokers).toEqual(orphan.brokers);
    expect(await asAdmin(kafka.brokers, (admin) => admin.listTopics())).toEqual(['kept']);
    await expect(asAdmin(kafka.brokers, (admin) => admin.fetchTopicMetadata({ topics: ['misspelt'] }))).rejects.toThrow(/topic/);
    expect(readFileSync(join(dataDir, 'server.properties'), 'utf8')).not.toContain('{');
  } finally {
    await kafka.stop();
  }
  await expect(kafka.exited).resolves.toBe('exit code 143');
}, 60_000);

test('the id of a cluster never looks like an option of the tool that takes it', () => {
  for (let drawn = 0; drawn < 2_000; drawn += 1) expect(clusterId()).toMatch(/^[A-Za-f][A-Za-z0-9_-]{21}$/);
});

test('starts again on other ports after the broker was killed', async () => {
  const killed = await started();
  await asAdmin(killed.brokers, (admin) => admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }] }));
  process.kill(killed.pid, 'SIGKILL');
  await killed.exited;
  for (const file of ['port', 'controller-port']) writeFileSync(join(dataDir, file), '0');
  const kafka = await started();
  try {
    expect(kafka.brokers).not.toEqual(killed.brokers);
    expect(await asAdmin(kafka.brokers, (admin) => admin.listTopics())).toEqual(['kept']);
  } finally {
    await kafka.stop();
  }
}, 60_000);
