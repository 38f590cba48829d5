import { z } from 'zod';
import { restrictedEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { CommitmentContent } from './content.ts';
import { checkContent, CommitmentPath, contentNeeds, requirePublic } from './rules.ts';
import { hasEnded } from './state.ts';
import { Change, nextVersion } from './versions.ts';

export const AmendmentProposed = restrictedEvent(
  'AmendmentProposed',
  z.strictObject({ version: z.int(), change: Change, content: CommitmentContent }),
);

export const proposeAmendment = useCase({
  name: 'ProposeAmendment',
  category: 'commitment',
  path: CommitmentPath,
  body: AmendmentProposed.data.pick({ change: true, content: true }),
  needs: ({ content }, { lead }) => contentNeeds(lead, content),
  decide({ change, content }, commitment, context) {
    requirePublic(commitment);
    if (hasEnded(commitment) && change.kind !== 'correction') refuse('COMMITMENT.NO_UPDATE_AFTER_END', '/change/kind');
    checkContent(commitment.id, commitment.lead, content, context);
    for (const milestone of Object.keys(commitment.milestones))
      if (!content.milestones.some(({ milestoneId }) => milestoneId === milestone))
        refuse('MILESTONE.REACHED_IS_KEPT', '/content/milestones', milestone);
    return [{ type: 'AmendmentProposed', data: { version: nextVersion(commitment.versions, change), change, content } }];
  },
});
