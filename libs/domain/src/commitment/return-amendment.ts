import { z } from 'zod';
import { restrictedEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requirePublic } from './rules.ts';
import { decidable, VersionNumber } from './versions.ts';

export const AmendmentReturned = restrictedEvent('AmendmentReturned', z.strictObject({ version: z.int(), reason: Text }));

export const returnAmendment = useCase({
  name: 'ReturnAmendment',
  category: 'commitment',
  path: CommitmentPath.extend({ version: VersionNumber }),
  body: AmendmentReturned.data.pick({ reason: true }),
  decide({ version, reason }, commitment, context) {
    requirePublic(commitment);
    decidable(commitment.versions, version, context);
    return [{ type: 'AmendmentReturned', data: { version, reason } }];
  },
});
