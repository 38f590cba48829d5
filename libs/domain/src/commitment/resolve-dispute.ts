import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireOutsideReviewer, requireUpdate } from './rules.ts';

export const DisputeResolved = publicEvent('DisputeResolved', z.strictObject({ updateId: z.uuid(), resolution: Text }));

export const resolveDispute = useCase({
  name: 'ResolveDispute',
  category: 'commitment',
  path: CommitmentPath.extend({ update: z.uuid() }),
  body: DisputeResolved.data.pick({ resolution: true }),
  decide({ update: updateId, resolution }, commitment, context) {
    requireUpdate(commitment, updateId, 'disputed');
    requireOutsideReviewer(commitment, context);
    return [{ type: 'DisputeResolved', data: { updateId, resolution } }];
  },
});
