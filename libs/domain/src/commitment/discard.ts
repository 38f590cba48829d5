import { z } from 'zod';
import { restrictedEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireStatus } from './rules.ts';

export const CommitmentDiscarded = restrictedEvent('CommitmentDiscarded', z.strictObject({ reason: Text }));

export const discardCommitment = useCase({
  name: 'DiscardCommitment',
  category: 'commitment',
  path: CommitmentPath,
  body: CommitmentDiscarded.data,
  decide({ reason }, commitment) {
    requireStatus(commitment, 'submitted', 'returned');
    return [{ type: 'CommitmentDiscarded', data: { reason } }];
  },
});
