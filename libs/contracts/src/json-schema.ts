import { z } from 'zod';

export type JsonSchema = Record<string, unknown>;

/**
 * As data is stored and published, so defaults are always there. Open to fields that come later: a subscriber ignores
 * what it does not know.
 */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...jsonSchema } = z.toJSONSchema(schema, {
    io: 'output',
    override: ({ jsonSchema: node }) => {
      if (node.additionalProperties === false) delete node.additionalProperties;
    },
  });
  return jsonSchema as JsonSchema;
}
