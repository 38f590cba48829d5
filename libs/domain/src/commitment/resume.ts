import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { CommitmentPath, requireStatus } from './rules.ts';

export const CommitmentResumed = publicEvent('CommitmentResumed', z.strictObject({}));

export const resumeCommitment = useCase({
  name: 'ResumeCommitment',
  category: 'commitment',
  path: CommitmentPath,
  body: CommitmentResumed.data,
  decide(_, commitment) {
    requireStatus(commitment, 'suspended');
    return [{ type: 'CommitmentResumed', data: {} }];
  },
});
