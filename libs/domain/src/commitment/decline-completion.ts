import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireNotBefore, requireOutsideReviewer, requireStatus } from './rules.ts';

export const CompletionDeclined = publicEvent('CompletionDeclined', z.strictObject({ reason: Text }));

export const declineCompletion = useCase({
  name: 'DeclineCompletion',
  category: 'commitment',
  path: CommitmentPath,
  body: CompletionDeclined.data,
  decide({ reason }, commitment, context) {
    requireStatus(commitment, 'completion-claimed');
    requireOutsideReviewer(commitment, context);
    requireNotBefore(context, commitment.completion!.claimedOn);
    return [{ type: 'CompletionDeclined', data: { reason } }];
  },
});
