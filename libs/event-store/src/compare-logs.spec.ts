import { recordedLine } from './compare-logs.ts';

const event = {
  stream: 'agency-UNDP',
  revision: 1,
  id: '0e7c1d5a-6f0f-5a55-8b0e-0d4f6a5f5a10',
  type: 'AgencyRegistered',
  recordedAt: '2026-01-01T12:00:00.000Z',
  position: 7,
  data: '{"name": {"en":"Ünited \\u0041"}}',
  metadata: {
    commandId: '6f0d3f8e-7c5b-5d0a-9a55-0c4f3f1c2b11',
    requestHash: 'a'.repeat(64),
    actor: { id: 'actor-1', agency: 'UNDP', role: 'focal-point' as const },
    occurredOn: '2022-03-28',
    schemaVersion: 1,
    salt: 'b'.repeat(32),
  },
};

/** A hash that somebody noted years ago must still come out. */
test('an event is hashed as this line', () => {
  const line = '["agency-UNDP",1,"0e7c1d5a-6f0f-5a55-8b0e-0d4f6a5f5a10","AgencyRegistered","2026-01-01T12:00:00.000Z",'
    + '{"actor":{"agency":"UNDP","id":"actor-1","role":"focal-point"},"commandId":"6f0d3f8e-7c5b-5d0a-9a55-0c4f3f1c2b11","occurredOn":"2022-03-28",'
    + `"requestHash":"${'a'.repeat(64)}","salt":"${'b'.repeat(32)}","schemaVersion":1},`
    + '"{\\"name\\": {\\"en\\":\\"Ünited \\\\u0041\\"}}"]\n';
  expect(recordedLine(event)).toBe(line);
});

test('neither the position nor the order of keys in metadata counts', () => {
  const { actor, ...rest } = event.metadata;
  const reordered = { ...event, position: 9_876, metadata: { ...rest, actor: { role: actor.role, agency: actor.agency, id: actor.id } } };
  expect(recordedLine(reordered)).toBe(recordedLine(event));
});

test.each([
  { stream: 'agency-ITU' }, { revision: 2 }, { id: '0e7c1d5a-6f0f-5a55-8b0e-0d4f6a5f5a11' }, { type: 'AgencyRenamed' },
  { recordedAt: '2026-01-01T12:00:00.001Z' }, { data: '{"name":{"en":"Ünited \\u0041"}}' }, { metadata: { ...event.metadata, schemaVersion: 2 } },
])('another line for %j', (change) => {
  expect(recordedLine({ ...event, ...change })).not.toBe(recordedLine(event));
});
