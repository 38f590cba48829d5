import { z } from 'zod';
import { compareDecimals } from '../decimal.ts';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { Decimal, IndicatorCode, plainText, Titles } from '../values.ts';

/** `labs`, `percent`, `USD`: a noun in the plural, or an ISO 4217 code. */
export const Unit = z.string().regex(/^[A-Za-z][A-Za-z0-9 %/-]{0,49}$/, 'must be a unit such as countries, percent or USD');

/** What may be revised; null where there is no bound. */
export const IndicatorTerms = z.strictObject({
  titles: Titles,
  min: Decimal.nullable().default(null),
  max: Decimal.nullable().default(null),
  /** Where its values come from: "household survey", "administrative data". */
  sourceClass: plainText(100),
  /** A context statistic (people in extreme poverty) is never a result and enters no total. */
  measures: z.enum(['result', 'context']),
});

export const IndicatorDefined = publicEvent(
  'IndicatorDefined',
  z.strictObject({
    code: IndicatorCode,
    unit: Unit,
    /** Which way is good. */
    direction: z.enum(['rising', 'falling']),
    ...IndicatorTerms.shape,
  }),
);

export const defineIndicator = useCase({
  name: 'DefineIndicator',
  category: 'indicator',
  path: z.strictObject({}),
  body: IndicatorDefined.data,
  decide(command, indicator) {
    if (indicator.definition) refuse('INDICATOR.ALREADY_DEFINED', '/code');
    refuseEmptyRange(command);
    return [{ type: 'IndicatorDefined', data: command }];
  },
});

export function refuseEmptyRange({ min, max }: { min: string | null; max: string | null }): void {
  if (min !== null && max !== null && compareDecimals(min, max) >= 0) refuse('INDICATOR.RANGE', '/max');
}
