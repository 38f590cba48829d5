import { z } from 'zod';
import { restrictedEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireStatus } from './rules.ts';
import { decidable } from './versions.ts';

export const CommitmentReturned = restrictedEvent('CommitmentReturned', z.strictObject({ version: z.int(), reason: Text }));

export const returnCommitment = useCase({
  name: 'ReturnCommitment',
  category: 'commitment',
  path: CommitmentPath,
  body: CommitmentReturned.data.pick({ reason: true }),
  decide({ reason }, commitment, context) {
    requireStatus(commitment, 'submitted');
    const { version } = decidable(commitment.versions, commitment.versions.at(-1)!.version, context);
    return [{ type: 'CommitmentReturned', data: { version, reason } }];
  },
});
