import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { IndicatorCode, sameTitles } from '../values.ts';
import { IndicatorTerms, refuseEmptyRange } from './define.ts';

/** Never unit or direction: that would make old values mean something else, and needs a new code. */
export const IndicatorRevised = publicEvent('IndicatorRevised', IndicatorTerms);

export const reviseIndicator = useCase({
  name: 'ReviseIndicator',
  category: 'indicator',
  path: z.strictObject({ code: IndicatorCode }),
  body: IndicatorRevised.data,
  decide({ titles, min, max, sourceClass, measures }, { definition }) {
    if (!definition) refuse('INDICATOR.UNKNOWN');
    refuseEmptyRange({ min, max });
    const same =
      sameTitles(titles, definition.titles) &&
      min === definition.min &&
      max === definition.max &&
      sourceClass === definition.sourceClass &&
      measures === definition.measures;
    if (same) refuse('INDICATOR.SAME');
    return [{ type: 'IndicatorRevised', data: { titles, min, max, sourceClass, measures } }];
  },
});
