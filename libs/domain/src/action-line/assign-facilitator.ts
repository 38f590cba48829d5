import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { ActionLineCode, AgencyCode, PlainDate } from '../values.ts';

export const FacilitatorRole = z.enum(['lead', 'co-facilitator', 'partner']);

export const FacilitatorAssigned = publicEvent(
  'FacilitatorAssigned',
  z.strictObject({ agency: AgencyCode, role: FacilitatorRole, from: PlainDate }),
);

export const assignFacilitator = useCase({
  name: 'AssignFacilitator',
  category: 'actionLine',
  path: z.strictObject({ code: ActionLineCode }),
  body: FacilitatorAssigned.data,
  needs: ({ agency }) => [`agency-${agency}`],
  decide({ agency, role, from }, line, { facts }) {
    if (!line.defined) refuse('ACTION_LINE.UNKNOWN');
    if (!facts.agency(agency)) refuse('AGENCY.UNKNOWN', '/agency', agency);
    const overlaps = line.assignments.some((held) => held.agency === agency && held.role === role && (held.to ?? from) >= from);
    if (overlaps) refuse('ACTION_LINE.ALREADY_ASSIGNED', '/from');
    return [{ type: 'FacilitatorAssigned', data: { agency, role, from } }];
  },
});
