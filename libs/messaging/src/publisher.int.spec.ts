import { CloudEvent, topics } from '#contracts/published.ts';
import { spreadPositions } from '#testing/spread-positions.ts';
import { until } from '#testing/until.ts';
import { PublisherRefusal } from './checkpoint.ts';
import { ProducerLostError, type StoredRecord } from './kafka.ts';
import { partitionOf } from './partitions.ts';
import { LeadershipLostError, PublisherSession } from './postgres/publisher-session.ts';
import {
  append, appendMany, type Broker, type Ledger, loggedIds, publishAll, publishedIds, startBroker, startLedger, startPublisher,
} from './publisher.fixture.ts';
import { PARTITIONS } from './topics.ts';

let broker: Broker;
let ledger: Ledger;

beforeAll(async () => {
  broker = await startBroker();
}, 90_000);

afterAll(() => broker.stop());

beforeEach(async () => {
  ledger = await startLedger();
});

afterEach(async () => {
  await ledger.drop();
  await broker.deleteTopics(...topics);
});

test('public events alone are published, in order of the log for each key and each partition', async () => {
  const streams = ['agency-UNDP', 'agency-ITU', 'agency-UNESCO', 'agency-UN-Habitat'];
  const running = startPublisher(ledger, broker);
  await appendMany(ledger, 2_000, streams);
  await append(ledger, 'commitment-1', 'CommitmentStarted');
  await append(ledger, 'commitment-1', 'FindingRaised');
  await append(ledger, 'actionLine-C7-eGov', 'SdgLinksSet');
  const head = await append(ledger, 'commitment-1', 'FindingRaised');
  await running.published(head);
  await running.stop();

  const records = await broker.records('wsis.agency.v1');
  expect(records).toHaveLength(2_000);
  for (const key of streams) {
    const own = records.filter((record) => record.key === key);
    expect(new Set(own.map(({ partition }) => partition))).toEqual(new Set([partitionOf(key, PARTITIONS)]));
    expect(own.map((record) => CloudEvent.parse(JSON.parse(record.value)).data['revision'])).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
  }
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const sequences = records.filter((record) => record.partition === partition).map(sequence);
    expect(sequences).toEqual([...sequences].sort());
  }
  expect(await broker.records('wsis.commitment.v1')).toEqual([expect.objectContaining({ key: 'commitment-1', offset: 0 })]);
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger, 'FindingRaised'));
  expect(running.publisher.status()).toMatchObject({ phase: 'ended', position: head, records: 2_002 });
});

test('where positions have gaps it goes on behind the last event, and stands at one before what it can not publish', async () => {
  await appendMany(ledger, 300, ['agency-UNDP', 'agency-ITU']);
  await spreadPositions(ledger.url);
  await publishAll(ledger, broker);
  const published = await ledger.store.head();
  await appendMany(ledger, 200, ['agency-ITU']);
  await append(ledger, 'agency-UNDP', 'AgencyDissolved');
  await spreadPositions(ledger.url, published);
  const lastPublic = (await ledger.store.readAll(0, 1_000)).at(-2)!.position;
  // The first time behind events of the same page, the second at a page's beginning.
  for (let time = 1; time <= 2; time += 1) {
    expect(await startPublisher(ledger, broker).ended).toBeInstanceOf(PublisherRefusal);
    expect(await ledger.query('select position from publisher.progress')).toEqual([{ position: String(lastPublic) }]);
  }
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger, 'AgencyDissolved'));
});

function sequence({ value }: StoredRecord): string {
  return CloudEvent.parse(JSON.parse(value)).sequence;
}

test('topics are made to be kept for ever', async () => {
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  await publishAll(ledger, broker);
  const described = await broker.reader.describeTopics(topics);
  expect([...described.keys()].sort()).toEqual(topics);
  for (const { partitions, settings } of described.values()) {
    expect(partitions).toBe(PARTITIONS);
    expect(settings).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' });
  }
});

test('large events, and more for one partition than a broker takes at once, get through', async () => {
  await appendMany(ledger, 1_000, ['agency-UNDP'], 'AgencyRenamed', { text: 'x'.repeat(2_000) });
  for (let i = 0; i < 8; i += 1) await append(ledger, 'agency-UNDP', 'AgencyRenamed', { text: 'é'.repeat(130_000) });
  await publishAll(ledger, broker);
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
});

test('after a restart it goes on, with nothing lost and nothing doubled', async () => {
  await appendMany(ledger, 300, ['agency-UNDP', 'agency-ITU']);
  await publishAll(ledger, broker);
  await appendMany(ledger, 300, ['agency-ITU', 'agency-UNDP']);
  await publishAll(ledger, broker);
  await publishAll(ledger, broker);
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
});

test('a broker that is killed in the midst and comes back loses and doubles nothing', async () => {
  const running = startPublisher(ledger, broker);
  await appendMany(ledger, 1_000, ['agency-UNDP', 'agency-ITU', 'agency-WHO']);
  await until(() => running.publisher.status().records > 0);
  await broker.kill();
  await appendMany(ledger, 1_000, ['agency-UNDP', 'agency-ITU', 'agency-WHO']);
  await until(() => running.publisher.status().trouble);
  expect(running.publisher.status().trouble).toMatch(/^Kafka does not answer/);
  await broker.restart();
  await running.published(await ledger.store.head());
  expect(running.publisher.status().trouble).toBeUndefined();
  await running.stop();
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
}, 90_000);

test('while the broker is away it can be stopped, and goes on later', async () => {
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  const running = startPublisher(ledger, broker);
  await running.published(1);
  await broker.kill();
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  await until(() => running.publisher.status().trouble);
  await running.stop();
  expect(running.publisher.status().position).toBe(1);
  await broker.restart();
  await publishAll(ledger, broker);
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
}, 90_000);

test('an event that it does not know stops it, with the reason; what precedes is published, nothing is stepped over', async () => {
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  const unknown = await append(ledger, 'agency-UNDP', 'AgencyDissolved');
  await append(ledger, 'agency-ITU', 'AgencyRenamed');
  const { publisher, ended } = startPublisher(ledger, broker);
  const error = (await ended) as Error;
  expect(error).toBeInstanceOf(PublisherRefusal);
  expect(error.message).toContain(`at position ${unknown} can't be published: this program does not know the type AgencyDissolved`);
  expect(publisher.status()).toMatchObject({ phase: 'refusing', trouble: error.message, position: unknown - 1 });
  expect(await publishedIds(broker)).toEqual((await loggedIds(ledger)).slice(0, 1));
});

test('one leads, the other stands by and takes over when it stops', async () => {
  const first = startPublisher(ledger, broker);
  await until(() => first.publisher.status().phase === 'publishing');
  const second = startPublisher(ledger, broker);
  await until(() => second.publisher.status().phase === 'standby');
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  await first.published(1);
  expect(second.publisher.status()).toMatchObject({ phase: 'standby', sends: 0 });

  await first.stop();
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  await second.published(2);
  await second.stop();
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
});

test('a leader that loses its session ends, and another takes over', async () => {
  const first = startPublisher(ledger, broker);
  await until(() => first.publisher.status().phase === 'publishing');
  const second = startPublisher(ledger, broker);
  await until(() => second.publisher.status().phase === 'standby');
  await ledger.query("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())");

  expect(await first.ended).toBeInstanceOf(LeadershipLostError);
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  await second.published(1);
  await second.stop();
  expect(await publishedIds(broker)).toEqual(await loggedIds(ledger));
});

test('a process that is paused leads no longer, and knows it when it wakes', async () => {
  const paused = await PublisherSession.open(ledger.url);
  const other = await PublisherSession.open(ledger.url);
  const never = new AbortController().signal;
  await paused.lead(never);
  paused.assertLeads();
  pauseHeartbeats(paused);
  expect(await other.lead(never)).toBe(true);
  expect(() => paused.assertLeads()).toThrow(LeadershipLostError);
  await expect(paused.save(7, [])).rejects.toThrow(LeadershipLostError);
  other.assertLeads();
  await paused.close();
  await other.close();
});

/** What a paused process does: nothing. */
function pauseHeartbeats(session: PublisherSession): void {
  clearInterval(Reflect.get(session, 'heartbeat') as NodeJS.Timeout);
}

test('records that vanish under its feet end it, so that it begins again from what is there', async () => {
  const running = startPublisher(ledger, broker);
  await appendMany(ledger, 10, ['agency-UNDP']);
  await running.published(10);
  await broker.deleteTopics('wsis.agency.v1');
  await broker.reader.createTopic('wsis.agency.v1', PARTITIONS);
  await append(ledger, 'agency-UNDP', 'AgencyRenamed');
  expect(await running.ended).toBeInstanceOf(ProducerLostError);
});

test('a topic that somebody deletes ends it, also where nothing is to be sent, and the next one fills it anew', async () => {
  const running = startPublisher(ledger, broker);
  await appendMany(ledger, 10, ['agency-UNDP']);
  await running.published(10);
  const before = await publishedIds(broker);
  await broker.deleteTopics('wsis.agency.v1');
  expect(await running.ended).toMatchObject({ name: 'ProducerLostError', message: 'deleted by somebody: wsis.agency.v1' });
  await publishAll(ledger, broker);
  expect(await publishedIds(broker)).toEqual(before);
});
