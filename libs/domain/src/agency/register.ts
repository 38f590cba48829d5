import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { AgencyCode, Titles } from '../values.ts';

export const AgencyRegistered = publicEvent(
  'AgencyRegistered',
  z.strictObject({ code: AgencyCode, names: Titles, kind: z.enum(['un-entity', 'other']) }),
);

export const registerAgency = useCase({
  name: 'RegisterAgency',
  category: 'agency',
  path: z.strictObject({}),
  body: AgencyRegistered.data,
  decide(command, agency) {
    if (agency.registered) refuse('AGENCY.ALREADY_REGISTERED', '/code');
    return [{ type: 'AgencyRegistered', data: command }];
  },
});
