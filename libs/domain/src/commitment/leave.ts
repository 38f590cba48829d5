import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { AgencyCode, Text } from '../values.ts';
import { CommitmentPath, requireOpen } from './rules.ts';
import { partnersOf } from './state.ts';

export const PartnerLeft = publicEvent('PartnerLeft', z.strictObject({ agency: AgencyCode, reason: Text.optional() }));

export const leaveCommitment = useCase({
  name: 'LeaveCommitment',
  category: 'commitment',
  path: CommitmentPath.extend({ agency: AgencyCode }),
  body: PartnerLeft.data.pick({ reason: true }),
  decide({ agency, reason }, commitment) {
    requireOpen(commitment);
    if (!partnersOf(commitment).includes(agency)) refuse('PARTNER.NOT_JOINED');
    return [{ type: 'PartnerLeft', data: { agency, reason } }];
  },
});
