import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { ActionLineCode, sameTitles, Titles } from '../values.ts';

export const ActionLineRetitled = publicEvent('ActionLineRetitled', z.strictObject({ titles: Titles }));

export const retitleActionLine = useCase({
  name: 'RetitleActionLine',
  category: 'actionLine',
  path: z.strictObject({ code: ActionLineCode }),
  body: ActionLineRetitled.data,
  decide({ titles }, line) {
    if (!line.defined) refuse('ACTION_LINE.UNKNOWN');
    if (sameTitles(titles, line.titles!)) refuse('ACTION_LINE.SAME_TITLES', '/titles');
    return [{ type: 'ActionLineRetitled', data: { titles } }];
  },
});
