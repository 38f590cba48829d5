import type { EntityManager } from 'typeorm';
import type { Pace } from '#domain/pace.ts';
import { viewSchema } from '../view.ts';
import { commitments, type CommitmentRow } from '../views/commitments.ts';
import { addCommitmentFilter, overdueOnDay, paceOnDay, type CommitmentFilter } from './commitment-filter.ts';
import { Conditions } from './conditions.ts';
import { addKeyset, pageOf, type Keyed, type Order, type Page, type PageOf } from './keyset.ts';

export const commitmentOrders = {
  dueOn: { column: 'c."dueOn"', type: 'date', nullable: true },
  updatedAt: { column: 'c."updatedPosition"', type: 'bigint' },
  title: { column: 'c."titleText"', type: 'text' },
} satisfies Record<string, Order>;
export type CommitmentOrder = keyof typeof commitmentOrders;

const COLUMNS = ['id', 'revision', 'status', 'title', 'kind', 'lead', 'partners', 'actionLines', 'sdgs', 'countries', 'startOn', 'dueOn', 'pledged', 'partOf', 'outcome', 'lastUpdateOn', 'registeredAt', 'updatedAt', 'updatedPosition'] as const;

/** A commitment in a list, with its pace (null where it has no target) and lateness on a day. */
export type ListedCommitment = Pick<CommitmentRow, (typeof COLUMNS)[number]> & { paceOnDay: Pace | null; overdue: boolean };

/** Commitments that everyone may see, by filter and order, for a day. */
export async function listCommitments(manager: EntityManager, filter: CommitmentFilter, on: string, page: PageOf<CommitmentOrder>): Promise<Page<Keyed<ListedCommitment>>> {
  const where = new Conditions();
  const day = where.value(on);
  where.validAt('c', page.position);
  addCommitmentFilter(where, filter, on);
  const order = commitmentOrders[page.sort.by];
  const tail = addKeyset(where, order, 'c.id', page);
  const found = await manager.query<Keyed<ListedCommitment>[]>(
    `select ${COLUMNS.map((column) => `c."${column}"`).join(', ')},
            ${paceOnDay(day)} as "paceOnDay", ${overdueOnDay(day)} as overdue, ${order.column} as "keyValue"
     from ${viewSchema(commitments)}.rows c where ${where} ${tail}`,
    where.values,
  );
  return pageOf(found, page.limit);
}
