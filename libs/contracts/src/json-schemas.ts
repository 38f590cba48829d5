import type { EventType } from '#domain/event.ts';
import { eventTypes } from '#domain/events.ts';
import { toJsonSchema, type JsonSchema } from './json-schema.ts';
import { PublishedContext, publishedTypeOf, schemaIdOf } from './published.ts';

export interface PublishedType {
  /** `wsis.commitment.CommitmentRegistered.v1` */
  type: string;
  /** `CommitmentRegistered` */
  eventType: string;
  category: string;
  /** Of the CloudEvent's `data`. */
  jsonSchema: JsonSchema;
}

/** Every published type with the JSON Schema of its data, in order of name. */
export function publishedTypes(): PublishedType[] {
  return Object.entries(eventTypes)
    .flatMap(([category, types]) => types.filter((eventType) => eventType.public).map((eventType) => publishedType(category, eventType)))
    .sort((a, b) => (a.type < b.type ? -1 : 1));
}

function publishedType(category: string, eventType: EventType): PublishedType {
  const type = publishedTypeOf(category, eventType.type);
  return { type, eventType: eventType.type, category, jsonSchema: dataSchema(type, eventType) };
}

function dataSchema(type: string, eventType: EventType): JsonSchema {
  const own = toJsonSchema(eventType.data);
  const context = toJsonSchema(PublishedContext);
  const properties = own['properties'] as JsonSchema | undefined;
  if (own['type'] !== 'object' || !properties) throw new Error(`data of ${eventType.type} must be one plain object`);
  for (const field of Object.keys(context['properties'] as JsonSchema))
    if (field in properties) throw new Error(`${eventType.type} has a field ${field}, which every published event has`);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: schemaIdOf(type),
    title: type,
    ...own,
    properties: { ...properties, ...(context['properties'] as JsonSchema) },
    required: [...((own['required'] as string[] | undefined) ?? []), ...(context['required'] as string[])],
  };
}
