import { toJsonSchema, type JsonSchema } from './json-schema.ts';
import { type PublishedType, publishedTypes } from './json-schemas.ts';
import { CloudEvent, schemaIdOf, topicOf, topics } from './published.ts';

const DESCRIPTION = `\
What the Action Line Ledger publishes to Kafka: one topic for each kind of record.

- **Key** of a record: the subject of its event, such as \`commitment-{uuid}\`. One thing's events are in one partition,
  in order. The partition is Kafka's murmur2 of the key, modulo the number of partitions, which never changes.
- **Value**: a CloudEvent 1.0 in structured JSON. \`type\` tells what happened and names the version of \`data\`;
  \`dataschema\` names its JSON Schema, which stands in \`schemas/{type}.json\`.
- **Order**: \`sequence\` rises within a partition and orders as text. It has gaps: not every event is public.
- **Repeats**: a publisher that was killed or paused may leave records a second time. **A subscriber drops a record
  whose sequence is not above the highest that it has seen in its partition**, kept with what it made of the record.
- **Replay**: nothing is ever deleted or compacted, so a subscriber can start again from offset 0 at any time.
- **Reconcile** with counts and the last sequence of each topic: \`GET /v1/feed/summary\`.
- **Evolution**: within a version only optional fields and new values are added; a subscriber ignores fields and types
  that it does not know. Anything else is a new version of the type.`;

/** The AsyncAPI 3 document, made from the same schemas that type the events. */
export function asyncApi(): JsonSchema {
  const types = publishedTypes();
  return {
    asyncapi: '3.0.0',
    info: { title: 'Action Line Ledger: published events', version: '1.0.0', description: DESCRIPTION },
    defaultContentType: 'application/cloudevents+json',
    channels: Object.fromEntries(topics.map((topic) => [topic, channel(topic, types)])),
    operations: Object.fromEntries(
      topics.map((topic) => [
        `publish-${topic}`,
        { action: 'send', channel: { $ref: `#/channels/${topic}` }, summary: `Publishes every public event of ${topic}, in order of the log for each key.` },
      ]),
    ),
    components: {
      messages: Object.fromEntries(types.map((type) => [type.type, message(type)])),
      schemas: {
        CloudEvent: toJsonSchema(CloudEvent),
        Headers: {
          type: 'object',
          properties: { 'content-type': { type: 'string', const: 'application/cloudevents+json; charset=UTF-8' } },
          required: ['content-type'],
        },
      },
    },
  };
}

function channel(topic: string, types: readonly PublishedType[]): JsonSchema {
  return {
    address: topic,
    messages: Object.fromEntries(
      types.filter(({ category }) => topicOf(category) === topic).map(({ type }) => [type, { $ref: `#/components/messages/${type}` }]),
    ),
    bindings: {
      kafka: {
        topic,
        topicConfiguration: { 'cleanup.policy': ['delete'], 'retention.ms': -1 },
        bindingVersion: '0.5.0',
      },
    },
  };
}

function message({ type, eventType }: PublishedType): JsonSchema {
  return {
    name: type,
    title: eventType,
    contentType: 'application/cloudevents+json',
    headers: { $ref: '#/components/schemas/Headers' },
    payload: {
      allOf: [
        { $ref: '#/components/schemas/CloudEvent' },
        {
          type: 'object',
          properties: {
            type: { const: type },
            dataschema: { const: schemaIdOf(type) },
            data: { $ref: `./schemas/${type}.json` },
          },
        },
      ],
    },
    bindings: { kafka: { key: { type: 'string', description: 'The subject of the event' }, bindingVersion: '0.5.0' } },
  };
}
