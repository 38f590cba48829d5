import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { AgencyCode } from '../values.ts';
import { CommitmentPath, requireOpen } from './rules.ts';
import { partnersOf } from './state.ts';

export const PartnerJoined = publicEvent('PartnerJoined', z.strictObject({ agency: AgencyCode }));

export const joinCommitment = useCase({
  name: 'JoinCommitment',
  category: 'commitment',
  path: CommitmentPath,
  body: PartnerJoined.data,
  needs: ({ agency }) => [`agency-${agency}`],
  decide({ agency }, commitment, { facts }) {
    requireOpen(commitment);
    if (!facts.agency(agency)) refuse('AGENCY.UNKNOWN', '/agency', agency);
    if (agency === commitment.lead) refuse('PARTNER.IS_LEAD', '/agency');
    if (partnersOf(commitment).includes(agency)) refuse('PARTNER.ALREADY_JOINED', '/agency');
    if (commitment.partners.length >= 100) refuse('COMMITMENT.LIMIT', '', '100 partners');
    return [{ type: 'PartnerJoined', data: { agency } }];
  },
});
