import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireFinding, requireOutsideReviewer } from './rules.ts';

export const FindingClosed = publicEvent('FindingClosed', z.strictObject({ findingId: z.uuid(), conclusion: Text }));

export const closeFinding = useCase({
  name: 'CloseFinding',
  category: 'commitment',
  path: CommitmentPath.extend({ finding: z.uuid() }),
  body: FindingClosed.data.pick({ conclusion: true }),
  decide({ finding: findingId, conclusion }, commitment, context) {
    requireFinding(commitment, findingId, 'answered');
    requireOutsideReviewer(commitment, context);
    return [{ type: 'FindingClosed', data: { findingId, conclusion } }];
  },
});
