import { z } from 'zod';
import { CommitmentKind } from '#domain/commitment/content.ts';
import { PUBLIC_STATUSES } from '#domain/commitment/state.ts';
import { paces } from '#domain/pace.ts';
import { ActionLineCode, AgencyCode, PlainDate } from '#domain/values.ts';
import type { CommitmentFilter } from '#read-model/queries/commitment-filter.ts';
import type { Key, Page, PageOf, Sort } from '#read-model/queries/keyset.ts';
import type { Reading } from '#read-model/queries/read-model.ts';
import type { View } from '#read-model/view.ts';
import { nextPage, pageStart } from '../queries/page-cursor.ts';
import { asOf, cursor, limit, listOf, minPosition, MomentAtStart, on, refuseParameter, StoredText, wholeNumber, YesOrNo } from '../queries/query-parameters.ts';
import type { QuerySources } from '../queries/query-sources.ts';

/** What every list across commitments is filtered and paged by. */
export const ListQuery = z.strictObject({
  actionLine: listOf(ActionLineCode).optional().describe('Codes, separated by commas, such as C7-eGov,C4; C7 means any of its sub-lines'),
  agency: AgencyCode.optional().describe('A party of the commitment'),
  as: listOf(z.enum(['lead', 'partner'])).optional().describe('How the agency is a party: lead, partner; both unless given'),
  status: listOf(z.enum(PUBLIC_STATUSES)).optional().describe("The commitment's, separated by commas"),
  kind: listOf(CommitmentKind).optional().describe('financial, policy, programmatic, advocacy, separated by commas'),
  sdg: wholeNumber(1, 17).optional(),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166 code such as ZM').optional().describe('ISO 3166-1 alpha-2'),
  pace: listOf(z.enum(paces)).optional().describe(`${paces.join(', ')}, separated by commas`),
  overdue: YesOrNo.optional(),
  q: StoredText.max(200).optional().describe('Words of title or description, all of them').meta({ examples: ['survey cities'] }),
  updatedSince: MomentAtStart.optional().describe('Only what was itself changed since then, as told by `updatedAt`: an instant, or a date, which means its beginning (UTC)'),
  asOf,
  on,
  sort: z.enum(['dueOn', '-dueOn', 'updatedAt', '-updatedAt', 'title', '-title']).default('-updatedAt').describe('A minus turns the order round; without a due date counts as latest').meta({ examples: ['dueOn'] }),
  limit,
  cursor,
  minPosition,
});
export type ListQuery = z.output<typeof ListQuery>;

/** Shape of a page of items. */
export function pageOfItems<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('Give it as `cursor`, with the same filters; null at the end. Pages show what held when the first was read'),
    position: z.int().describe('Of the log: the page shows what held there'),
    on: PlainDate.describe('Day for which pace and lateness were worked out'),
  });
}

export function filterOf(query: ListQuery): CommitmentFilter {
  if (query.as && query.agency === undefined) refuseParameter('as', 'needs_agency', 'says how the agency is a party: name one');
  const { actionLine, agency, as, status, kind, sdg, country, pace, overdue, q, updatedSince } = query;
  return { actionLine, agency, as, status, kind, sdg, country, pace, overdue, q, updatedSince };
}

/**
 * One page of a list of views. The first shows what holds now, or as of the query's instant; the pages after it hold
 * on to that moment, so that everything comes exactly once whatever changes meanwhile.
 */
export async function readPage<Row>(
  sources: QuerySources,
  list: string,
  views: readonly View[],
  query: ListQuery,
  read: (manager: Parameters<Reading<unknown>>[0], day: string, page: PageOf<SortName>) => Promise<Page<Row>>,
): Promise<{ rows: Row[]; next: string | null; position: number; on: string }> {
  const sort = sortOf(query.sort);
  const start = pageStart(list, query, KEYS[sort.by]);
  const position = start.position ?? (await sources.positionOf(query));
  const page = { sort, limit: query.limit, after: start.after as Key | undefined, position };
  const needed = Math.max(query.minPosition ?? 0, position ?? 0);
  const { value, position: reached } = await sources.read(views, needed, (manager) => read(manager, start.on, page));
  const at = position ?? reached;
  return { rows: value.rows, next: nextPage(list, query, { position: at, on: start.on, after: value.after }), position: at, on: start.on };
}

type SortName = 'dueOn' | 'updatedAt' | 'title';

/** What a cursor may hold, so that one that was tampered with is a wrong cursor and not a wrong query. */
const KEYS = {
  dueOn: z.tuple([PlainDate.nullable(), StoredText]),
  updatedAt: z.tuple([z.int(), StoredText]),
  title: z.tuple([StoredText, StoredText]),
};

function sortOf(sort: ListQuery['sort']): Sort<SortName> {
  const falling = sort.startsWith('-');
  return { by: (falling ? sort.slice(1) : sort) as SortName, falling };
}
