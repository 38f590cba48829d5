import { z } from 'zod';
import type { StreamName } from '#domain/use-case.ts';
import { listReference, referenceViews, type ReferenceRows } from '#read-model/queries/list-reference.ts';
import type { Key } from '#read-model/queries/keyset.ts';
import type { EntityManager } from 'typeorm';
import type { View } from '#read-model/view.ts';
import { nextPage, pageStart } from './page-cursor.ts';
import { asOf, cursor, limitOf, minPosition, StoredText } from './query-parameters.ts';
import type { QuerySources } from './query-sources.ts';

/** What every list of reference data is paged by. */
export const ReferenceQuery = z.strictObject({ asOf, limit: limitOf(100, 100), cursor, minPosition });
export type ReferenceQuery = z.output<typeof ReferenceQuery>;

const CodeKey = z.tuple([StoredText, StoredText]);

/** One page of reference data in order of codes; pages after the first hold on to its moment. */
export async function referencePage<Kind extends keyof ReferenceRows>(
  sources: QuerySources,
  kind: Kind,
  query: ReferenceQuery,
): Promise<{ rows: ReferenceRows[Kind][]; next: string | null; position: number }> {
  const start = pageStart(kind, query, CodeKey);
  const position = start.position ?? (await sources.positionOf(query));
  const needed = Math.max(query.minPosition ?? 0, position ?? 0);
  const { value, position: reached } = await sources.read([referenceViews[kind] as View], needed, (manager) =>
    listReference(manager, kind, { limit: query.limit, after: start.after as Key | undefined, position }),
  );
  const at = position ?? reached;
  return { rows: value.rows, next: nextPage(kind, query, { position: at, on: start.on, after: value.after }), position: at };
}

/**
 * Reads what is told of one agency, action line or indicator from the views, not before they show what its stream
 * holds: whoever made it finds it at once. Undefined where its stream is empty.
 */
export async function readReference<T>(
  sources: QuerySources,
  stream: StreamName,
  views: readonly View[],
  minPosition: number | undefined,
  read: (manager: EntityManager) => Promise<T>,
): Promise<{ value: T; position: number } | undefined> {
  const { revision, position } = await sources.streams.load(stream);
  if (revision === 0) return undefined;
  return sources.read(views, Math.max(minPosition ?? 0, position), read);
}
