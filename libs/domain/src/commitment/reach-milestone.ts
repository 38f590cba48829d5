import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { MilestoneId } from './content.ts';
import { CommitmentPath, requireNotBefore, requireOpen } from './rules.ts';
import { approvedOf } from './versions.ts';

/** Reached on the day that the event says it occurred on. */
export const MilestoneReached = publicEvent('MilestoneReached', z.strictObject({ milestoneId: MilestoneId, note: Text.optional() }));

export const reachMilestone = useCase({
  name: 'ReachMilestone',
  category: 'commitment',
  path: CommitmentPath.extend({ milestone: MilestoneId }),
  body: MilestoneReached.data.pick({ note: true }),
  decide({ milestone: milestoneId, note }, commitment, context) {
    requireOpen(commitment);
    const { milestones, startOn } = approvedOf(commitment.versions)!.content;
    requireNotBefore(context, startOn);
    if (!milestones.some((one) => one.milestoneId === milestoneId)) refuse('MILESTONE.UNKNOWN');
    if (Object.hasOwn(commitment.milestones, milestoneId)) refuse('MILESTONE.ALREADY_REACHED');
    return [{ type: 'MilestoneReached', data: { milestoneId, note } }];
  },
});
