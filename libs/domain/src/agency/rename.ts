import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { AgencyCode, sameTitles, Titles } from '../values.ts';

export const AgencyRenamed = publicEvent('AgencyRenamed', z.strictObject({ names: Titles }));

export const renameAgency = useCase({
  name: 'RenameAgency',
  category: 'agency',
  path: z.strictObject({ code: AgencyCode }),
  body: AgencyRenamed.data,
  decide({ names }, agency) {
    if (!agency.registered) refuse('AGENCY.UNKNOWN');
    if (sameTitles(names, agency.names!)) refuse('AGENCY.SAME_NAMES', '/names');
    return [{ type: 'AgencyRenamed', data: { names } }];
  },
});
