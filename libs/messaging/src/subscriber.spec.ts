import { jest } from '@jest/globals';
import { type CloudEvent, sequenceOf } from '#contracts/published.ts';
import { type PartitionProgress, type ReceivedRecord, Subscriber, type SubscriberTransaction } from './subscriber.ts';

/** A database in memory: what a transaction changed is gone when it throws. */
class Memory implements SubscriberTransaction {
  state = new Map<string, PartitionProgress>();
  handled: number[] = [];

  async inTransaction<R>(work: (transaction: Memory) => Promise<R>): Promise<R> {
    const before = { state: new Map(this.state), handled: [...this.handled] };
    try {
      return await work(this);
    } catch (error) {
      Object.assign(this, before);
      throw error;
    }
  }

  progress(topic: string, partition: number): Promise<PartitionProgress> {
    return Promise.resolve(this.state.get(`${topic} ${partition}`) ?? { nextOffset: 0, sequence: 0, count: 0 });
  }

  save(topic: string, partition: number, progress: PartitionProgress): Promise<void> {
    this.state.set(`${topic} ${partition}`, progress);
    return Promise.resolve();
  }
}

let memory: Memory;
let sought: number[];
let subscriber: Subscriber<Memory>;

beforeEach(() => {
  memory = new Memory();
  sought = [];
  subscriber = new Subscriber<Memory>({
    inTransaction: (work) => memory.inTransaction(work),
    handle: (event, transaction) => {
      transaction.handled.push(Number(event.sequence));
      if (event.subject === 'agency-broken') return Promise.reject(new Error('the database is away'));
      return Promise.resolve();
    },
    seek: (_topic, _partition, offset) => sought.push(offset),
  });
});

function record(offset: number, position: number, { partition = 0, subject = 'agency-UNDP' } = {}): ReceivedRecord {
  const event: CloudEvent = {
    specversion: '1.0', id: '0d9f2a3c-5a4e-5c0b-8f0e-0d6a1f3f2b11', source: '/action-line-ledger', type: 'wsis.agency.AgencyRenamed.v1',
    subject, time: '2021-10-01T09:30:00.123Z', datacontenttype: 'application/json', dataschema: 'urn:x', sequence: sequenceOf(position),
    partitionkey: subject, data: {},
  };
  return { topic: 'wsis.agency.v1', partition, offset, value: JSON.stringify(event) };
}

test('events are handed over in order, with gaps in the sequence', async () => {
  for (const one of [record(0, 3), record(1, 4), record(2, 90)]) expect(await subscriber.receive(one)).toBe('handled');
  expect(memory.handled).toEqual([3, 4, 90]);
  expect(await memory.progress('wsis.agency.v1', 0)).toEqual({ nextOffset: 3, sequence: 90, count: 3 });
});

test('a record whose sequence is not above the highest seen in its partition is dropped', async () => {
  await subscriber.receive(record(0, 3));
  await subscriber.receive(record(1, 4));
  for (const repeat of [record(2, 3), record(3, 4)]) expect(await subscriber.receive(repeat)).toBe('dropped');
  expect(await subscriber.receive(record(4, 5))).toBe('handled');
  expect(memory.handled).toEqual([3, 4, 5]);
  expect(await memory.progress('wsis.agency.v1', 0)).toEqual({ nextOffset: 5, sequence: 5, count: 3 });
});

test('a topic that was made anew is read from its beginning: what was seen is dropped without a transaction for each', async () => {
  for (let position = 1; position <= 50; position += 1) await subscriber.receive(record(position - 1, position));
  const begun = jest.spyOn(memory, 'inTransaction');
  for (let position = 1; position <= 50; position += 1) expect(await subscriber.receive(record(position - 1, position))).toBe('dropped');
  expect(begun).toHaveBeenCalledTimes(1);
  expect(await subscriber.receive(record(50, 51))).toBe('handled');
  expect(await memory.progress('wsis.agency.v1', 0)).toEqual({ nextOffset: 51, sequence: 51, count: 51 });
  expect(memory.handled).toEqual(Array.from({ length: 51 }, (_, n) => n + 1));
  expect(sought).toEqual([]);
});

test('a database that is emptied while records are dropped is noticed at the next that is not', async () => {
  for (const one of [record(0, 3), record(1, 4), record(0, 3), record(1, 4)]) await subscriber.receive(one);
  memory.state.clear();
  expect(await subscriber.receive(record(2, 5))).toBe('sought');
  expect(sought).toEqual([0]);
  for (const one of [record(0, 3), record(1, 4), record(2, 5)]) expect(await subscriber.receive(one)).toBe('handled');
});

test('who is killed while records are dropped begins again with them', async () => {
  for (const one of [record(0, 3), record(1, 4), record(2, 5), record(0, 3), record(1, 4)]) await subscriber.receive(one);
  expect(await memory.progress('wsis.agency.v1', 0)).toMatchObject({ nextOffset: 1, sequence: 5 });
});

test('each partition has a highest of its own', async () => {
  await subscriber.receive(record(0, 90));
  expect(await subscriber.receive(record(0, 3, { partition: 1 }))).toBe('handled');
});

test('a record read once more is dropped', async () => {
  await subscriber.receive(record(0, 3));
  expect(await subscriber.receive(record(0, 3))).toBe('dropped');
  expect(await subscriber.receive(record(1, 4))).toBe('handled');
});

test('a topic that was filled anew is read again without doubling', async () => {
  for (const one of [record(0, 3), record(1, 4), record(2, 5)]) await subscriber.receive(one);
  expect(await subscriber.receive(record(0, 3))).toBe('dropped');
  expect(await subscriber.receive(record(1, 6))).toBe('handled');
});

test('a database that was emptied sends the client back to the first record, and all is handled again', async () => {
  for (const one of [record(0, 3), record(1, 4)]) await subscriber.receive(one);
  memory.state.clear();
  memory.handled = [];
  expect(await subscriber.receive(record(2, 5))).toBe('sought');
  expect(sought).toEqual([0]);
  for (const one of [record(0, 3), record(1, 4), record(2, 5)]) expect(await subscriber.receive(one)).toBe('handled');
  expect(memory.handled).toEqual([3, 4, 5]);
});

test('records that are gone from the topic are not stepped over', async () => {
  await subscriber.receive(record(0, 3));
  expect(await subscriber.receive(record(5, 9))).toBe('sought');
  await expect(subscriber.receive(record(5, 9))).rejects.toThrow('records 1 to 4 of topic wsis.agency.v1, partition 0, are gone');
  expect(memory.handled).toEqual([3]);
});

test('what fails leaves everything as it was, and succeeds later', async () => {
  const broken = record(0, 3, { subject: 'agency-broken' });
  await expect(subscriber.receive(broken)).rejects.toThrow('the database is away');
  expect(memory.handled).toEqual([]);
  expect(await subscriber.receive(record(0, 3))).toBe('handled');
});

test.each(['no json', '{"hello":"world"}'])('a record that is no event of the ledger (%s) is not stepped over', async (value) => {
  await expect(subscriber.receive({ ...record(0, 3), value })).rejects.toThrow('record 0 of topic wsis.agency.v1, partition 0, is no event of the ledger');
});
