import type { CommitmentContent } from '#domain/commitment/content.ts';
import type { Text } from '#domain/values.ts';
import { json, nullable, text } from './columns.ts';
import { ledgerView, streamId, type LedgerRow, type RowBody } from './ledger-view.ts';

/** A commitment's milestones: its approved content's, with the days on which they were reached. */
export interface MilestonesRow extends LedgerRow {
  commitmentId: string;
  milestones: Milestone[];
  /** Days by milestone, those among them that the content no longer names: one that it names again was reached. */
  reached: Record<string, string> | null;
}

export interface Milestone {
  milestoneId: string;
  title: Text;
  dueOn: string | null;
  reachedOn: string | null;
}

export const milestones = ledgerView<MilestonesRow>({
  name: 'milestones',
  version: 1,
  working: ['reached'],
  columns: { commitmentId: text, milestones: json, reached: nullable(json) },
  id: streamId,
  makes: {
    CommitmentRegistered: (event) => ({
      commitmentId: streamId(event),
      milestones: milestonesOf(event.data.content, {}),
      reached: {},
    }),
  },
  changes: {
    CommitmentAmended: (event, row) => ({ ...row, milestones: milestonesOf(event.data.content, row.reached!) }),
    MilestoneReached: ({ data: { milestoneId }, metadata: { occurredOn } }, row): RowBody<MilestonesRow> => ({
      ...row,
      milestones: row.milestones.map((one) => (one.milestoneId === milestoneId ? { ...one, reachedOn: occurredOn } : one)),
      reached: { ...row.reached, [milestoneId]: occurredOn },
    }),
  },
});

function milestonesOf(content: CommitmentContent, reached: Record<string, string>): Milestone[] {
  return content.milestones.map(({ milestoneId, title, dueOn }) => ({
    milestoneId,
    title,
    dueOn: dueOn ?? null,
    reachedOn: reached[milestoneId] ?? null,
  }));
}
