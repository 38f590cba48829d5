import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { CommitmentContent } from './content.ts';
import { RelianceSchema } from './register.ts';
import { checkContent, CommitmentPath, contentNeeds, keepReachedMilestones, relianceOf, requireOpenOrCorrection, requirePublic } from './rules.ts';
import { Change, decidable, pendingOf, VersionNumber } from './versions.ts';

export const CommitmentAmended = publicEvent(
  'CommitmentAmended',
  z.strictObject({ version: z.int(), change: Change, content: CommitmentContent, reliance: RelianceSchema }),
);

export const approveAmendment = useCase({
  name: 'ApproveAmendment',
  category: 'commitment',
  path: CommitmentPath.extend({ version: VersionNumber }),
  body: z.strictObject({}),
  needs: (_, { lead, versions }) => {
    const pending = pendingOf(versions);
    return pending ? contentNeeds(lead, pending.content) : [];
  },
  decide({ version }, commitment, context) {
    requirePublic(commitment);
    const { change, content } = decidable(commitment.versions, version, context);
    requireOpenOrCorrection(commitment, change);
    keepReachedMilestones(commitment, content);
    checkContent(commitment.id, commitment.lead, content, context);
    return [{ type: 'CommitmentAmended', data: { version, change, content, reliance: relianceOf(commitment.lead, content, context) } }];
  },
});
