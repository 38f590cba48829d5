import type { CommitmentContent } from '#domain/commitment/content.ts';
import type { Text } from '#domain/values.ts';
import { json, text } from './columns.ts';
import { ledgerView, streamId, type LedgerRow } from './ledger-view.ts';

/** A commitment's milestones: its approved content's, with the days on which they were reached. */
export interface MilestonesRow extends LedgerRow {
  commitmentId: string;
  milestones: Milestone[];
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
  columns: { commitmentId: text, milestones: json },
  id: streamId,
  makes: {
    CommitmentRegistered: (event) => ({ commitmentId: streamId(event), milestones: milestonesOf(event.data.content, []) }),
  },
  changes: {
    CommitmentAmended: (event, row) => ({ ...row, milestones: milestonesOf(event.data.content, row.milestones) }),
    MilestoneReached: ({ data, metadata }, row) => ({
      ...row,
      milestones: row.milestones.map((one) => (one.milestoneId === data.milestoneId ? { ...one, reachedOn: metadata.occurredOn } : one)),
    }),
  },
});

/** A milestone that was reached stays in the content. */
function milestonesOf(content: CommitmentContent, before: readonly Milestone[]): Milestone[] {
  const reached = new Map(before.map(({ milestoneId, reachedOn }) => [milestoneId, reachedOn]));
  return content.milestones.map(({ milestoneId, title, dueOn }) => ({
    milestoneId,
    title,
    dueOn: dueOn ?? null,
    reachedOn: reached.get(milestoneId) ?? null,
  }));
}
