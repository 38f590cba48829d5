import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireStatus } from './rules.ts';

export const CommitmentSuspended = publicEvent('CommitmentSuspended', z.strictObject({ reason: Text }));

export const suspendCommitment = useCase({
  name: 'SuspendCommitment',
  category: 'commitment',
  path: CommitmentPath,
  body: CommitmentSuspended.data,
  decide({ reason }, commitment) {
    requireStatus(commitment, 'active');
    return [{ type: 'CommitmentSuspended', data: { reason } }];
  },
});
