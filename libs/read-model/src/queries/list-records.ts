import type { EntityManager } from 'typeorm';
import type { Text } from '#domain/values.ts';
import { viewSchema, type View } from '../view.ts';
import { commitments } from '../views/commitments.ts';
import { evidence, type EvidenceRow } from '../views/evidence.ts';
import { findings, type FindingRow } from '../views/findings.ts';
import type { LedgerRow } from '../views/ledger-view.ts';
import { obstacles, type ObstacleRow } from '../views/obstacles.ts';
import { progressUpdates, type ProgressUpdateRow } from '../views/progress-updates.ts';
import { targets, type TargetRow } from '../views/targets.ts';
import { addCommitmentFilter, type CommitmentFilter } from './commitment-filter.ts';
import { Conditions } from './conditions.ts';
import { addKeyset, mergedPages, pageOf, type Keyed, type Order, type Page, type PageOf } from './keyset.ts';

/** The records that stand under commitments and are listed across them. */
export interface RecordRows {
  progressUpdates: ProgressUpdateRow;
  targets: TargetRow;
  obstacles: ObstacleRow;
  evidence: EvidenceRow;
  findings: FindingRow;
}
export type RecordKind = keyof RecordRows;

export const recordViews: { [Kind in RecordKind]: View<RecordRows[Kind]> } = { progressUpdates, targets, obstacles, evidence, findings };

export type RecordOrder = 'dueOn' | 'updatedAt' | 'title';

/** Records by their own latest change, or by due date or title of their commitment; targets by their own due date. */
export function recordOrders(kind: RecordKind): Record<RecordOrder, Order> {
  return {
    dueOn: { column: kind === 'targets' ? 'r."dueOn"' : 'c."dueOn"', type: 'date', nullable: true },
    updatedAt: { column: 'r."updatedPosition"', type: 'bigint' },
    title: { column: 'c."titleText"', type: 'text' },
  };
}

/** Beside its own columns what tells the commitment. */
export type ListedRecord<Row extends LedgerRow> = Row & { commitmentTitle: Text; lead: string; reportingIntervalDays: number };

/** Public records by the commitments they belong to, and by statuses and latest change of their own where given. */
export async function listRecords<Kind extends RecordKind>(
  manager: EntityManager,
  kind: Kind,
  { statuses, updatedSince, ...filter }: CommitmentFilter & { statuses?: readonly string[] | undefined },
  on: string,
  page: PageOf<RecordOrder>,
): Promise<Page<Keyed<ListedRecord<RecordRows[Kind]>>>> {
  const where = new Conditions();
  const held = where.heldAt('r', page.position);
  where.validAt('c', page.position);
  addCommitmentFilter(where, filter, on);
  // The record's own latest change, as in the order by updatedAt.
  if (updatedSince) where.add((value) => `r."updatedAt" >= ${value}::timestamptz`, updatedSince.toISOString());
  if (statuses) where.add((values) => `r.status = any(${values}::text[])`, statuses);
  const order = recordOrders(kind)[page.sort.by];
  const tail = addKeyset(where, order, 'r.id', page);
  const selects = held.map(
    (condition) =>
      `select r.*, c.title as "commitmentTitle", c.lead, c."reportingIntervalDays", ${order.column} as "keyValue"
       from ${viewSchema(recordViews[kind])}.rows r join ${viewSchema(commitments)}.rows c on c.id = r."commitmentId"
       where ${condition} and ${where} ${tail}`,
  );
  const found = await manager.query<Keyed<ListedRecord<RecordRows[Kind]>>[]>(mergedPages(where, selects, page), where.values);
  return pageOf(found, page.limit);
}
