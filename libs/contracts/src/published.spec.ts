import { z } from 'zod';
import { eventTypes } from '#domain/events.ts';
import type { RecordedEvent, RecordedText } from '#domain/event.ts';
import { logOf } from '#testing/given.ts';
import { everything } from '#testing/scenes.ts';
import { MisfitEventError } from './fitting.ts';
import { CloudEvent, published, PublishedContext, publishedText, restrictedTypes, sequenceOf, topicOf, topics, UnmappableEventError } from './published.ts';

const renamed: RecordedEvent = {
  id: '0d9f2a3c-5a4e-5c0b-8f0e-0d6a1f3f2b11',
  type: 'AgencyRenamed',
  stream: 'agency-UNDP',
  revision: 2,
  position: 41,
  recordedAt: '2021-10-01T09:30:00.123Z',
  data: { names: { en: 'United Nations Development Programme' } },
  metadata: {
    commandId: '7c9f2a3c-5a4e-5c0b-8f0e-0d6a1f3f2b11',
    requestHash: 'a'.repeat(64),
    actor: { id: 'opaque-7', agency: 'UNCTAD', role: 'administrator' },
    occurredOn: '2021-09-30',
    schemaVersion: 1,
    salt: 'b'.repeat(32),
  },
};

test('a public event is published as a CloudEvent with its data, its day, its revision and who acted for which agency', () => {
  expect(published(renamed)).toEqual({
    specversion: '1.0',
    id: renamed.id,
    source: '/action-line-ledger',
    type: 'wsis.agency.AgencyRenamed.v1',
    subject: 'agency-UNDP',
    time: '2021-10-01T09:30:00.123Z',
    datacontenttype: 'application/json',
    dataschema: 'urn:action-line-ledger:schema:wsis.agency.AgencyRenamed.v1',
    sequence: '0000000000000041',
    partitionkey: 'agency-UNDP',
    data: {
      names: { en: 'United Nations Development Programme' },
      occurredOn: '2021-09-30',
      revision: 2,
      actor: { agency: 'UNCTAD', role: 'administrator' },
    },
  });
  expect(CloudEvent.parse(published(renamed))).toEqual(published(renamed));
});

const transcribed: RecordedEvent = { ...renamed, metadata: { ...renamed.metadata, transcribedFrom: { document: 'S1', place: 'Part "One"' } } };
const empty: RecordedEvent = { ...renamed, type: 'CommitmentStarted', stream: 'commitment-x', data: {} };

test.each([['plain', renamed], ['transcribed', transcribed], ['without data of its own', empty], ['not public', { ...renamed, type: 'CommitmentSubmitted' }]])(
  'as text it says the same (%s)', (_, event) => {
    expect(publishedText(asText(event))).toBe(stringified(published(event)));
  },
);

test('what is not published needs no data, whatever its version; what is published does', () => {
  const withheld = { ...renamed, type: 'CommitmentSubmitted', stream: 'commitment-x', data: '' };
  for (const schemaVersion of [0, 1]) expect(publishedText({ ...withheld, metadata: { ...renamed.metadata, schemaVersion } })).toBeUndefined();
  expect(restrictedTypes).toContain('CommitmentSubmitted');
  expect(restrictedTypes.filter((type) => published({ ...renamed, type }))).toEqual([]);
  expect(() => publishedText({ ...renamed, data: '' })).toThrow('JSON');
});

test('the text of the data stays as it was written, but where the data is of an earlier version', () => {
  const data = '{ "names": {"en": "UNDP"} }';
  expect(publishedText({ ...renamed, data })).toContain('"names": {"en": "UNDP"} ');
  const earlier = { ...renamed, metadata: { ...renamed.metadata, schemaVersion: 0 } };
  expect(publishedText({ ...earlier, data })).toBe(stringified(published({ ...earlier, data: JSON.parse(data) as unknown })));
});

test.each(Object.values(eventTypes).flat().filter((type) => type.public).map((type) => [type.type, type] as const))(
  'data of %s is an object without a field that is also one of what every published event has', (_, type) => {
    const { properties } = z.toJSONSchema(type.data, { io: 'output' });
    expect(properties).toBeDefined();
    for (const name of Object.keys(PublishedContext.shape)) expect(properties).not.toHaveProperty(name);
  },
);

test('neither the actor\'s id nor the salt, the hash or the command id leaves', () => {
  const text = JSON.stringify(published(renamed));
  for (const secret of [renamed.metadata.actor.id, renamed.metadata.salt, renamed.metadata.requestHash, renamed.metadata.commandId])
    expect(text).not.toContain(secret);
});

test('a transcription says where it was read', () => {
  const transcribedFrom = { document: 'S1', place: 'Part One' };
  expect(published({ ...renamed, metadata: { ...renamed.metadata, transcribedFrom } })!.data).toMatchObject({ transcribedFrom });
});

const dataOf = new Map(logOf(everything).map(({ type, data }) => [type, data]));

test.each(Object.entries(eventTypes).flatMap(([category, types]) => types.map((type) => [type.type, category, type.public] as const)))(
  '%s of a %s is published exactly if it is public (%s)',
  (type, category, isPublic) => {
    const event = published({ ...renamed, type, stream: `${category}-x`, data: dataOf.get(type) });
    expect(event?.type).toBe(isPublic ? `wsis.${category}.${type}.v1` : undefined);
  },
);

test.each(['AgencyDissolved', 'constructor'])('an unknown type (%s) is not stepped over', (type) => {
  expect(() => publishedText(asText({ ...renamed, type }))).toThrow(UnmappableEventError);
  expect(() => published({ ...renamed, type })).toThrow(UnmappableEventError);
  expect(() => published({ ...renamed, type })).toThrow(`at position 41 can't be published: this program does not know the type ${type}`);
});

test('a version newer than this program is not stepped over', () => {
  expect(() => publishedText(asText({ ...renamed, metadata: { ...renamed.metadata, schemaVersion: 2 } }))).toThrow('version 2 of AgencyRenamed is newer');
  expect(() => published({ ...renamed, metadata: { ...renamed.metadata, schemaVersion: 2 } })).toThrow('version 2 of AgencyRenamed is newer');
});

test('data that its schema does not tell is not published', () => {
  const misfit = { ...renamed, data: { names: ['UNDP'] } };
  const message = `event ${renamed.id} (AgencyRenamed in agency-UNDP) at position 41 can't be published: its data does not fit the schema of AgencyRenamed: data/names must be an object`;
  expect(() => published(misfit)).toThrow(new UnmappableEventError(misfit, new MisfitEventError(misfit, 'data/names must be an object')));
  expect(() => published(misfit)).toThrow(message);
  expect(() => publishedText(asText(misfit))).toThrow(message);
});

test('there is a topic for each kind of record', () => {
  expect(topics).toEqual(['wsis.actionLine.v1', 'wsis.agency.v1', 'wsis.commitment.v1', 'wsis.indicator.v1']);
  expect(topics).toContain(topicOf('commitment'));
});

test('sequences order as text as positions do as numbers', () => {
  const positions = [1, 9, 10, 99, 12_345, 2 ** 40, Number.MAX_SAFE_INTEGER];
  expect(positions.map(sequenceOf).sort()).toEqual(positions.map(sequenceOf));
});

function asText(event: RecordedEvent): RecordedText {
  return { ...event, data: JSON.stringify(event.data) };
}

function stringified(event: CloudEvent | undefined): string | undefined {
  return event && JSON.stringify(event);
}
