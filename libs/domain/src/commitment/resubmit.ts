import { z } from 'zod';
import { restrictedEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { CommitmentContent } from './content.ts';
import { checkContent, CommitmentPath, contentNeeds, requireStatus } from './rules.ts';
import { nextVersion } from './versions.ts';

export const CommitmentResubmitted = restrictedEvent('CommitmentResubmitted', z.strictObject({ version: z.int(), content: CommitmentContent }));

export const resubmitCommitment = useCase({
  name: 'ResubmitCommitment',
  category: 'commitment',
  path: CommitmentPath,
  body: CommitmentResubmitted.data.pick({ content: true }),
  needs: ({ content }, { lead }) => contentNeeds(lead, content),
  decide({ content }, commitment, context) {
    requireStatus(commitment, 'returned');
    checkContent(commitment.id, commitment.lead, content, context);
    return [{ type: 'CommitmentResubmitted', data: { version: nextVersion(commitment.versions, { kind: 'new' }), content } }];
  },
});
