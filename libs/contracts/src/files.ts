import { asyncApi } from './async-api.ts';
import type { JsonSchema } from './json-schema.ts';
import { publishedTypes } from './json-schemas.ts';

/** Text by file name of everything that is generated and committed; a test compares it with the files. */
export function generated(): Record<string, string> {
  return { ...schemaFiles('schemas'), 'asyncapi.json': text(asyncApi()) };
}

/** The schemas once more, as they are frozen at a release. */
export function released(): Record<string, string> {
  return schemaFiles('released');
}

function schemaFiles(folder: string): Record<string, string> {
  return Object.fromEntries(publishedTypes().map(({ type, jsonSchema }) => [`${folder}/${type}.json`, text(jsonSchema)]));
}

function text(json: JsonSchema): string {
  return `${JSON.stringify(json, null, 2)}\n`;
}
