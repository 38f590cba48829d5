import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { CommitmentPath, requireStatus } from './rules.ts';

export const CommitmentStarted = publicEvent('CommitmentStarted', z.strictObject({}));

export const startCommitment = useCase({
  name: 'StartCommitment',
  category: 'commitment',
  path: CommitmentPath,
  body: CommitmentStarted.data,
  decide(_, commitment) {
    requireStatus(commitment, 'registered');
    return [{ type: 'CommitmentStarted', data: {} }];
  },
});
