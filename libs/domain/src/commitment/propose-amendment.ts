import { z } from 'zod';
import { restrictedEvent } from '../event.ts';
import { Refusals } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { CommitmentContent } from './content.ts';
import { checkContent, CommitmentPath, contentNeeds, keepReachedMilestones, requireOpenOrCorrection, requirePublic } from './rules.ts';
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
    requireOpenOrCorrection(commitment, change);
    const wrong = new Refusals();
    const version = wrong.gather(() => nextVersion(commitment.versions, change))!;
    wrong.gather(() => checkContent(commitment.id, commitment.lead, content, context));
    wrong.gather(() => keepReachedMilestones(commitment, content));
    wrong.throwIfAny();
    return [{ type: 'AmendmentProposed', data: { version, change, content } }];
  },
});
