import { z } from 'zod';
import { restrictedEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath } from './rules.ts';
import { decidable, VersionNumber } from './versions.ts';

export const TargetReturned = restrictedEvent('TargetReturned', z.strictObject({ targetId: z.uuid(), version: z.int(), reason: Text }));

export const returnTarget = useCase({
  name: 'ReturnTarget',
  category: 'commitment',
  path: CommitmentPath.extend({ target: z.uuid(), version: VersionNumber }),
  body: TargetReturned.data.pick({ reason: true }),
  decide({ target: targetId, version, reason }, commitment, context) {
    const target = commitment.targets[targetId] ?? refuse('TARGET.UNKNOWN');
    decidable(target.versions, version, context);
    return [{ type: 'TargetReturned', data: { targetId, version, reason } }];
  },
});
