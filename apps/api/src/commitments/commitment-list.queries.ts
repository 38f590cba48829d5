import { z } from 'zod';
import { CommitmentKind } from '#domain/commitment/content.ts';
import { paces } from '#domain/pace.ts';
import { ActionLineCode, AgencyCode, Money, PlainDate, Sdg, Title } from '#domain/values.ts';
import { commitmentListViews, listCommitments, type ListedCommitment } from '#read-model/queries/list-commitments.ts';
import { queryRoute } from '../queries/query-route.ts';
import { CommitmentStatusName, IATI_STATUS } from './commitment-json.ts';
import { filterOf, ListQuery, pageOfItems, readPage } from './commitment-filter.ts';
import { milestoneJson, MilestoneJson } from './record-json.ts';

const CommitmentItem = z
  .object({
    id: z.uuid(),
    status: CommitmentStatusName,
    iatiStatus: z.int().nullable(),
    title: Title,
    kind: CommitmentKind,
    lead: AgencyCode,
    partners: z.array(AgencyCode).describe('Who is a partner now'),
    actionLines: z.array(ActionLineCode),
    sdgs: z.array(Sdg),
    countries: z.array(z.string()).describe('ISO 3166-1 alpha-2'),
    startOn: PlainDate,
    dueOn: PlainDate.nullable(),
    pledged: z.array(Money),
    partOf: z.uuid().nullable(),
    pace: z.enum(paces).nullable().describe("Its worst target's; null where it has none"),
    overdue: z.boolean(),
    milestones: z.array(MilestoneJson),
    outcome: z.enum(['completed', 'partly', 'not']).nullable(),
    lastUpdateOn: PlainDate.nullable(),
    registeredAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'CommitmentItem' });

export const commitmentListQueries = [
  queryRoute(
    {
      name: 'ListCommitments',
      url: 'commitments',
      summary: 'Commitments that everyone may see, by filter and order, now or as of an instant',
      query: ListQuery,
      answer: pageOfItems(CommitmentItem),
    },
    async ({ query }, sources) => {
      const filter = filterOf(query);
      const { rows, ...page } = await readPage(sources, 'commitments', commitmentListViews, query, (manager, day, of) => listCommitments(manager, filter, day, of));
      return { items: rows.map((row) => commitmentItem(row, page.on)), ...page };
    },
  ),
];

function commitmentItem(row: ListedCommitment, on: string): z.output<typeof CommitmentItem> {
  return {
    id: row.id,
    status: row.status as z.output<typeof CommitmentStatusName>,
    iatiStatus: IATI_STATUS[row.status] ?? null,
    title: row.title,
    kind: row.kind,
    lead: row.lead,
    partners: row.partners,
    actionLines: row.actionLines,
    sdgs: row.sdgs,
    countries: row.countries,
    startOn: row.startOn,
    dueOn: row.dueOn,
    pledged: row.pledged,
    partOf: row.partOf,
    pace: row.paceOnDay,
    overdue: row.overdue,
    milestones: row.milestones.map((milestone) => milestoneJson(milestone, row.endedOn, on)),
    outcome: row.outcome,
    lastUpdateOn: row.lastUpdateOn,
    registeredAt: row.registeredAt,
    updatedAt: row.updatedAt,
  };
}
