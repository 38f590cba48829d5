import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { AgencyCode, Text } from '../values.ts';
import { CommitmentPath, requireNotBefore, requireOpen } from './rules.ts';

export const PartnerLeft = publicEvent('PartnerLeft', z.strictObject({ agency: AgencyCode, reason: Text.optional() }));

export const leaveCommitment = useCase({
  name: 'LeaveCommitment',
  category: 'commitment',
  path: CommitmentPath.extend({ agency: AgencyCode }),
  body: PartnerLeft.data.pick({ reason: true }),
  decide({ agency, reason }, commitment, context) {
    requireOpen(commitment);
    const partner = commitment.partners.find((one) => one.agency === agency && one.leftOn === undefined) ?? refuse('PARTNER.NOT_JOINED');
    requireNotBefore(context, partner.joinedOn);
    return [{ type: 'PartnerLeft', data: { agency, reason } }];
  },
});
