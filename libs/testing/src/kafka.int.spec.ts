import { Kafka, logLevel } from 'kafkajs';
import { testKafka } from './kafka.ts';

test('there is one broker for all tests, and it answers', async () => {
  const { brokers } = await testKafka();
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    expect((await admin.describeCluster()).brokers).toHaveLength(1);
  } finally {
    await admin.disconnect();
  }
}, 150_000);
