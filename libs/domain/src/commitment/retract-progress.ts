import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireUpdate } from './rules.ts';

/** The update stays as a tombstone with its reason; its observations count no more. */
export const ProgressRetracted = publicEvent('ProgressRetracted', z.strictObject({ updateId: z.uuid(), reason: Text }));

export const retractProgress = useCase({
  name: 'RetractProgress',
  category: 'commitment',
  path: CommitmentPath.extend({ update: z.uuid() }),
  body: ProgressRetracted.data.pick({ reason: true }),
  decide({ update: updateId, reason }, commitment) {
    requireUpdate(commitment, updateId, 'published', 'verified', 'disputed', 'resolved');
    return [{ type: 'ProgressRetracted', data: { updateId, reason } }];
  },
});
