import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireStatus } from './rules.ts';
import { isPublic } from './state.ts';

export const CommitmentSuperseded = publicEvent('CommitmentSuperseded', z.strictObject({ by: z.uuid(), reason: Text }));

export const supersedeCommitment = useCase({
  name: 'SupersedeCommitment',
  category: 'commitment',
  path: CommitmentPath,
  body: CommitmentSuperseded.data,
  needs: ({ by }) => [`commitment-${by}`],
  decide({ by, reason }, commitment, { facts }) {
    requireStatus(commitment, 'registered', 'active', 'suspended', 'completion-claimed');
    if (by === commitment.id) refuse('COMMITMENT.SUPERSEDED_BY_ITSELF', '/by');
    const successor = facts.commitment(by);
    if (!successor || !isPublic(successor) || ['withdrawn', 'superseded'].includes(successor.status)) refuse('COMMITMENT.SUCCESSOR_UNKNOWN', '/by');
    return [{ type: 'CommitmentSuperseded', data: { by, reason } }];
  },
});
