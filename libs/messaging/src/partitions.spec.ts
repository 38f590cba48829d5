import { Partitioners } from 'kafkajs';
import { murmur2, partitionOf } from './partitions.ts';

// Vectors of Apache Kafka's UtilsTest.testMurmur2.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %s is what the Java client computes', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash);
});

test('a key goes where the partitioner of another client would put it', () => {
  const partitioner = Partitioners.JavaCompatiblePartitioner();
  const partitionMetadata = Array.from({ length: 6 }, (_, partitionId) => ({
    partitionErrorCode: 0, partitionId, leader: 0, replicas: [0], isr: [0],
  }));
  for (const key of ['agency-UNDP', 'actionLine-C7-eGov', 'indicator-17.8.1', 'commitment-0199d7c2-5a4e-5c0b-8f0e-0d6a1f3f2b11', 'agency-Île'])
    expect(partitionOf(key, 6)).toBe(partitioner({ topic: 'any', partitionMetadata, message: { key, value: null } }));
});
