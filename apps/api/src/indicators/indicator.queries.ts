import { z } from 'zod';
import { IndicatorDefined } from '#domain/indicator/define.ts';
import { IndicatorCode } from '#domain/values.ts';
import { Problem } from '#platform/problem.ts';
import { findReference, referenceViews } from '#read-model/queries/list-reference.ts';
import type { IndicatorRow } from '#read-model/views/indicators.ts';
import { minPosition } from '../queries/query-parameters.ts';
import { queryRoute } from '../queries/query-route.ts';
import { readReference, ReferenceQuery, referencePage } from '../queries/reference-page.ts';

const IndicatorItem = IndicatorDefined.data.extend({ revision: z.int().describe('Targets name the one that their approval relied on') }).meta({ id: 'Indicator' });

export const indicatorQueries = [
  queryRoute(
    {
      name: 'ListIndicators',
      url: 'indicators',
      summary: 'Indicators, in order of their codes',
      query: ReferenceQuery,
      answer: z.object({ items: z.array(IndicatorItem), next: z.string().nullable(), position: z.int() }),
    },
    async ({ query }, sources) => {
      const { rows, ...page } = await referencePage(sources, 'indicators', query);
      return { items: rows.map(indicatorItem), ...page };
    },
  ),
  queryRoute(
    {
      name: 'GetIndicator',
      url: 'indicators/:code',
      summary: 'An indicator',
      path: z.strictObject({ code: IndicatorCode }),
      query: z.strictObject({ minPosition }),
      answer: IndicatorItem.extend({ position: z.int() }),
    },
    async ({ path: { code }, query }, sources) => {
      const found = await readReference(sources, `indicator-${code}`, [referenceViews.indicators], query.minPosition, (manager) => findReference(manager, 'indicators', code));
      if (!found) throw new Problem(404, 'INDICATOR.UNKNOWN', 'there is no such indicator');
      return { ...indicatorItem(found.value!), position: found.position };
    },
  ),
];

function indicatorItem({ id, revision, titles, unit, direction, min, max, sourceClass, measures }: IndicatorRow): z.output<typeof IndicatorItem> {
  return { code: id, revision, titles, unit, direction, min, max, sourceClass, measures };
}
