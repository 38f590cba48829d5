import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { ActionLineCode, AgencyCode, PlainDate } from '../values.ts';
import { FacilitatorRole } from './assign-facilitator.ts';

export const FacilitatorRelieved = publicEvent(
  'FacilitatorRelieved',
  z.strictObject({ agency: AgencyCode, role: FacilitatorRole, to: PlainDate }),
);

export const relieveFacilitator = useCase({
  name: 'RelieveFacilitator',
  category: 'actionLine',
  path: z.strictObject({ code: ActionLineCode }),
  body: FacilitatorRelieved.data,
  decide({ agency, role, to }, line) {
    if (!line.defined) refuse('ACTION_LINE.UNKNOWN');
    const open = line.assignments.find((held) => held.agency === agency && held.role === role && held.to === undefined);
    if (!open) refuse('ACTION_LINE.NOT_ASSIGNED', '/agency');
    if (to < open.from) refuse('ACTION_LINE.RELIEVED_BEFORE_ASSIGNED', '/to');
    return [{ type: 'FacilitatorRelieved', data: { agency, role, to } }];
  },
});
