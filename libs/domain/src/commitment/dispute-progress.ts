import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireOutsideReviewer, requireUpdate } from './rules.ts';
import { approvedOf } from './versions.ts';

export const ProgressDisputed = publicEvent('ProgressDisputed', z.strictObject({ updateId: z.uuid(), version: z.int(), reason: Text }));

export const disputeProgress = useCase({
  name: 'DisputeProgress',
  category: 'commitment',
  path: CommitmentPath.extend({ update: z.uuid() }),
  body: ProgressDisputed.data.pick({ reason: true }),
  decide({ update: updateId, reason }, commitment, context) {
    const update = requireUpdate(commitment, updateId, 'published', 'verified', 'resolved');
    requireOutsideReviewer(commitment, context);
    return [{ type: 'ProgressDisputed', data: { updateId, version: approvedOf(update.versions)!.version, reason } }];
  },
});
