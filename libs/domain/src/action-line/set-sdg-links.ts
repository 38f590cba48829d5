import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { ActionLineCode, plainText, Sdg } from '../values.ts';

export const SdgLinksSet = publicEvent(
  'SdgLinksSet',
  z.strictObject({
    /** Of the WSIS-SDG matrix, a living document: "2019". */
    matrixVersion: plainText(50),
    sdgs: z.array(Sdg).max(17),
  }),
);

export const setSdgLinks = useCase({
  name: 'SetSdgLinks',
  category: 'actionLine',
  path: z.strictObject({ code: ActionLineCode }),
  body: SdgLinksSet.data,
  decide({ matrixVersion, sdgs }, line) {
    if (!line.defined) refuse('ACTION_LINE.UNKNOWN');
    const sorted = [...new Set(sdgs)].sort((a, b) => a - b);
    if (line.matrixVersion === matrixVersion && String(line.sdgs) === String(sorted)) refuse('ACTION_LINE.SAME_SDG_LINKS', '/sdgs');
    return [{ type: 'SdgLinksSet', data: { matrixVersion, sdgs: sorted } }];
  },
});
