import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireStatus } from './rules.ts';

export const CommitmentWithdrawn = publicEvent('CommitmentWithdrawn', z.strictObject({ reason: Text }));

export const withdrawCommitment = useCase({
  name: 'WithdrawCommitment',
  category: 'commitment',
  path: CommitmentPath,
  body: CommitmentWithdrawn.data,
  decide({ reason }, commitment) {
    requireStatus(commitment, 'registered', 'active', 'suspended', 'completion-claimed');
    return [{ type: 'CommitmentWithdrawn', data: { reason } }];
  },
});
