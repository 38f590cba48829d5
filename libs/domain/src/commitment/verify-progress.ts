import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireOutsideReviewer, requireUpdate } from './rules.ts';
import { approvedOf } from './versions.ts';

/** Of the version published at that moment; a newly published one clears it. */
export const ProgressVerified = publicEvent(
  'ProgressVerified',
  z.strictObject({ updateId: z.uuid(), version: z.int(), note: Text.optional() }),
);

export const verifyProgress = useCase({
  name: 'VerifyProgress',
  category: 'commitment',
  path: CommitmentPath.extend({ update: z.uuid() }),
  body: ProgressVerified.data.pick({ note: true }),
  decide({ update: updateId, note }, commitment, context) {
    const update = requireUpdate(commitment, updateId, 'published', 'resolved');
    requireOutsideReviewer(commitment, context);
    return [{ type: 'ProgressVerified', data: { updateId, version: approvedOf(update.versions)!.version, note } }];
  },
});
