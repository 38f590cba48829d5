import type { EntityManager } from 'typeorm';
import type { Pace } from '#domain/pace.ts';
import { viewSchema, type View } from '../view.ts';
import { commitments, type CommitmentRow } from '../views/commitments.ts';
import { milestones, type Milestone } from '../views/milestones.ts';
import { addCommitmentFilter, overdueOnDay, paceOnDay, type CommitmentFilter } from './commitment-filter.ts';
import { Conditions } from './conditions.ts';
import { addKeyset, mergedPages, pageOf, type Keyed, type Order, type Page, type PageOf } from './keyset.ts';

export const commitmentOrders = {
  dueOn: { column: 'c."dueOn"', type: 'date', nullable: true },
  updatedAt: { column: 'c."updatedPosition"', type: 'bigint' },
  title: { column: 'c."titleText"', type: 'text' },
} satisfies Record<string, Order>;
export type CommitmentOrder = keyof typeof commitmentOrders;

const COLUMNS = ['id', 'revision', 'status', 'title', 'kind', 'lead', 'partners', 'actionLines', 'sdgs', 'countries', 'startOn', 'dueOn', 'pledged', 'partOf', 'outcome', 'endedOn', 'lastUpdateOn', 'registeredAt', 'updatedAt', 'updatedPosition'] as const;

export const commitmentListViews: readonly View[] = [commitments, milestones];

/** A commitment in a list, with its milestones, and its pace (null where it has no target) and lateness on a day. */
export type ListedCommitment = Pick<CommitmentRow, (typeof COLUMNS)[number]> & { milestones: Milestone[]; paceOnDay: Pace | null; overdue: boolean };

/** Commitments that everyone may see, by filter and order, for a day. */
export async function listCommitments(manager: EntityManager, filter: CommitmentFilter, on: string, page: PageOf<CommitmentOrder>): Promise<Page<Keyed<ListedCommitment>>> {
  const where = new Conditions();
  const day = where.value(on);
  const held = where.heldAt('c', page.position);
  addCommitmentFilter(where, filter, on);
  const order = commitmentOrders[page.sort.by];
  const tail = addKeyset(where, order, 'c.id', page);
  const milestonesThen = where.valid('m', page.position);
  const selects = held.map(
    (condition) =>
      `select ${COLUMNS.map((column) => `c."${column}"`).join(', ')},
              coalesce((select m.milestones from ${viewSchema(milestones)}.rows m where m.id = c.id and ${milestonesThen}), '[]') as milestones,
              ${paceOnDay(day)} as "paceOnDay", ${overdueOnDay(day)} as overdue, ${order.column} as "keyValue"
       from ${viewSchema(commitments)}.rows c where ${condition} and ${where} ${tail}`,
  );
  const found = await manager.query<Keyed<ListedCommitment>[]>(mergedPages(where, selects, page), where.values);
  return pageOf(found, page.limit);
}
