import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireNotBefore, requireOutsideReviewer, requireStatus } from './rules.ts';

export const CommitmentClosed = publicEvent(
  'CommitmentClosed',
  z.strictObject({ outcome: z.enum(['completed', 'partly', 'not']), assessment: Text }),
);

export const closeCommitment = useCase({
  name: 'CloseCommitment',
  category: 'commitment',
  path: CommitmentPath,
  body: CommitmentClosed.data,
  decide({ outcome, assessment }, commitment, context) {
    requireStatus(commitment, 'completion-claimed');
    requireOutsideReviewer(commitment, context);
    requireNotBefore(context, commitment.completion!.claimedOn);
    return [{ type: 'CommitmentClosed', data: { outcome, assessment } }];
  },
});
