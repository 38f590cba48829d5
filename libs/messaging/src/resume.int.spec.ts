import { ConfigResourceTypes } from 'kafkajs';
import { topics } from '#contracts/published.ts';
import { resumeAbove } from '#event-store/postgres/resume-above.ts';
import { loseEnd } from '#testing/lose-end.ts';
import { PublisherRefusal } from './checkpoint.ts';
import { highestPublished } from './highest-published.ts';
import { partitionOf } from './partitions.ts';
import { PublisherSession } from './postgres/publisher-session.ts';
import {
  append, appendMany, type Broker, type Ledger, loggedIds, newEvent, publishAll, publishedIds, silent, startBroker, startLedger, startPublisher,
} from './publisher.fixture.ts';
import { resume } from './resume.ts';
import { PARTITIONS } from './topics.ts';

const STREAMS = ['agency-UNDP', 'agency-ITU', 'agency-WHO', 'indicator-17.8.1'];
let broker: Broker;
let ledger: Ledger;

beforeAll(async () => {
  broker = await startBroker();
}, 90_000);

afterAll(() => broker.stop());

beforeEach(async () => {
  ledger = await startLedger();
  await appendMany(ledger, 800, STREAMS);
  await publishAll(ledger, broker);
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
});

afterEach(async () => {
  await ledger.drop();
  await broker.deleteTopics(...topics);
});

async function refusal(): Promise<string> {
  const error = await startPublisher(ledger, broker).ended;
  expect(error).toBeInstanceOf(PublisherRefusal);
  return (error as Error).message;
}

test('equal: it goes on behind the checkpoint', async () => {
  const before = await ledger.query('select * from publisher.partition order by topic, partition');
  await publishAll(ledger, broker);
  expect(await ledger.query('select * from publisher.partition order by topic, partition')).toEqual(before);
  await appendMany(ledger, 400, STREAMS);
  await publishAll(ledger, broker);
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
});

test('higher, after a kill between acknowledgement and checkpoint: it goes on behind what is there', async () => {
  const old = await ledger.query<{ topic: string; partition: number }>('select * from publisher.partition');
  await appendMany(ledger, 400, STREAMS);
  await publishAll(ledger, broker);
  await ledger.query('delete from publisher.partition');
  await ledger.query('insert into publisher.partition select * from json_populate_recordset(null::publisher.partition, $1)', [JSON.stringify(old)]);
  await ledger.query('update publisher.progress set position = 800');
  await appendMany(ledger, 100, STREAMS);
  await publishAll(ledger, broker);
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
});

test('higher, with the whole checkpoint lost: nothing is published twice', async () => {
  await ledger.query('truncate publisher.partition, publisher.topic, publisher.progress');
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  await publishAll(ledger, broker);
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
});

test('higher, where a paused process wrote late what stands there already: it goes on behind the highest', async () => {
  const partition = partitionOf('agency-UNDP', PARTITIONS);
  const own = (await broker.records('wsis.agency.v1')).filter((record) => record.partition === partition);
  await broker.reader.send([{ topic: 'wsis.agency.v1', partition, records: own.slice(0, 3) }], () => undefined);
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  await publishAll(ledger, broker);
  const after = (await broker.records('wsis.agency.v1')).filter((record) => record.partition === partition);
  expect(after).toHaveLength(own.length + 3 + 1);
});

test('new topic: what it lacks is published again, the others are left alone', async () => {
  await broker.deleteTopics('wsis.agency.v1');
  await append(ledger, 'indicator-17.8.1', 'IndicatorRevised');
  await publishAll(ledger, broker);
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
});

test('lower, as after a restore of Kafka: it is published again from the last record that is there', async () => {
  const kept = (await broker.records('wsis.agency.v1')).filter(({ offset }) => offset < 40);
  await broker.deleteTopics('wsis.agency.v1');
  await broker.reader.createTopic('wsis.agency.v1', PARTITIONS);
  for (const partition of new Set(kept.map((record) => record.partition)))
    await broker.reader.send([{ topic: 'wsis.agency.v1', partition, records: kept.filter((record) => record.partition === partition) }], () => undefined);
  await publishAll(ledger, broker);
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
});

test('lower, and killed before all was published again: the next start goes on with it', async () => {
  await broker.deleteTopics('wsis.agency.v1');
  await broker.reader.createTopic('wsis.agency.v1', PARTITIONS);
  const session = await PublisherSession.open(ledger.url);
  expect(await resume(broker.reader, session, ledger.store, silent)).toMatchObject({ position: 0 });
  await session.close();
  await publishAll(ledger, broker);
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
});

test('topics of another log are refused, and nothing is added to them', async () => {
  const other = await startLedger();
  await appendMany(other, 900, STREAMS);
  const before = await publishedIds(broker);
  const error = await startPublisher(other, broker).ended;
  expect(error).toBeInstanceOf(PublisherRefusal);
  expect((error as Error).message).toMatch(/holds event [0-9a-f-]{36} of position \d+, where this log has event .*: the topic was filled from another log/);
  expect(await publishedIds(broker)).toEqual(before);
  await other.drop();
});

test('a record that is not ours is refused', async () => {
  await broker.reader.send([{ topic: 'wsis.agency.v1', partition: 0, records: [{ key: 'x', value: '{"hello":"world"}' }] }], () => undefined);
  expect(await refusal()).toMatch(/^record \d+ of topic wsis.agency.v1, partition 0, is not one of this ledger's$/);
});

test('a log that lost its end is refused', async () => {
  await ledger.query('update publisher.progress set position = 900');
  expect(await refusal()).toBe('the log ends at position 800 and was published up to 900: it has lost its end; see `ledger log resume-above --help`');
});

test('a log that has lost its end and recorded the gap is gone on with, above all that was published', async () => {
  const before = await publishedIds(broker);
  await loseEnd(ledger.url, 250);
  expect(await refusal()).toContain('it has lost its end');
  await resumeAbove(ledger.url, 900, newEvent('LogRestored', {}));
  await appendMany(ledger, 400, STREAMS);
  await publishAll(ledger, broker);
  const added = (await loggedIds(ledger, 'LogRestored')).slice(250);
  expect(added).toHaveLength(400);
  expect(await publishedIds(broker)).toEqual([...before, ...added]);
});

test('a gap that the log did not declare void is none that a record may stand in', async () => {
  const before = await publishedIds(broker);
  await loseEnd(ledger.url, 250);
  await resumeAbove(ledger.url, 900, newEvent('LogRestored', {}));
  await ledger.query(`begin; alter table event_log.events disable trigger user; update event_log.events set data = '{"voidFrom":850,"voidTo":900}' where position = 901; commit`);
  expect(await refusal()).toContain('where this log has no event');
  expect(await publishedIds(broker)).toEqual(before);
});

test('a log that has lost its end and went on below what was published is refused', async () => {
  const before = await publishedIds(broker);
  await loseEnd(ledger.url, 250);
  await resumeAbove(ledger.url, 400, newEvent('LogRestored', {}));
  await appendMany(ledger, 500, STREAMS);
  expect(await refusal()).toContain('went on below what was published');
  expect(await publishedIds(broker)).toEqual(before);
});

test('the highest position that was published is seen in the topics themselves', async () => {
  await append(ledger, 'agency-UNDP', 'FindingRaised');
  await ledger.query('truncate publisher.partition, publisher.topic, publisher.progress');
  expect(await highestPublished(broker.reader)).toBe(800);
  await broker.deleteTopics(...topics);
  expect(await highestPublished(broker.reader)).toBe(0);
});

test('a topic with more partitions than it was made with is refused', async () => {
  await broker.administer((admin) => admin.createPartitions({ topicPartitions: [{ topic: 'wsis.agency.v1', count: PARTITIONS + 1 }] }));
  expect(await refusal()).toBe('topic wsis.agency.v1 has 7 partitions and was made with 6: keys would move between partitions');
});

test('a topic that forgets is refused', async () => {
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: 'wsis.agency.v1', configEntries: [{ name: 'retention.ms', value: '604800000' }] }];
  await broker.administer((admin) => admin.alterConfigs({ validateOnly: false, resources }));
  expect(await refusal()).toBe('topic wsis.agency.v1 has retention.ms=604800000 and needs -1: records would be lost to replay');
});

test('a topic whose records were deleted is refused', async () => {
  const partition = partitionOf('agency-UNDP', PARTITIONS);
  await broker.administer(async (admin) => {
    const offset = (await admin.fetchTopicOffsets('wsis.agency.v1')).find((one) => one.partition === partition)!.high;
    await admin.deleteTopicRecords({ topic: 'wsis.agency.v1', partitions: [{ partition, offset }] });
  });
  expect(await refusal()).toMatch(/^records \d+ to \d+ of topic wsis.agency.v1, partition \d, were deleted: it can't be replayed any more$/);
});
