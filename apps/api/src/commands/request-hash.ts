import { createHash } from 'node:crypto';

/**
 * SHA-256, hex, of a command's name, path parameters and body as they were sent. The order of fields does not count,
 * and no body is the same as an empty one.
 */
export function hashOfRequest(command: string, { path, body }: { path: unknown; body: unknown }): string {
  return createHash('sha256').update(JSON.stringify([command, path, body ?? {}], withSortedKeys)).digest('hex');
}

function withSortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
