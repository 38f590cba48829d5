import { z } from 'zod';
import { restrictedEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath } from './rules.ts';
import { decidable, VersionNumber } from './versions.ts';

export const ProgressReturned = restrictedEvent('ProgressReturned', z.strictObject({ updateId: z.uuid(), version: z.int(), reason: Text }));

export const returnProgress = useCase({
  name: 'ReturnProgress',
  category: 'commitment',
  path: CommitmentPath.extend({ update: z.uuid(), version: VersionNumber }),
  body: ProgressReturned.data.pick({ reason: true }),
  decide({ update: updateId, version, reason }, commitment, context) {
    const update = commitment.updates[updateId] ?? refuse('PROGRESS.UNKNOWN');
    decidable(update.versions, version, context);
    return [{ type: 'ProgressReturned', data: { updateId, version, reason } }];
  },
});
