import { z } from 'zod';
import { FacilitatorRole } from '#domain/action-line/assign-facilitator.ts';
import { ActionLineCode, AgencyCode, PlainDate, Sdg, Titles } from '#domain/values.ts';
import { Problem } from '#platform/problem.ts';
import { findReference, referenceViews } from '#read-model/queries/list-reference.ts';
import type { ActionLineRow } from '#read-model/views/action-lines.ts';
import { commitments } from '#read-model/views/commitments.ts';
import { figuresJson, FiguresJson, pledged } from '../matrix/figures-json.ts';
import { minPosition, on } from '../queries/query-parameters.ts';
import { queryRoute } from '../queries/query-route.ts';
import { readReference, ReferenceQuery, referencePage } from '../queries/reference-page.ts';
import { today } from '../today.ts';

const Facilitator = z.object({ agency: AgencyCode, role: FacilitatorRole, from: PlainDate, to: PlainDate.nullable() });

const ActionLineItem = z
  .object({
    code: ActionLineCode,
    titles: Titles,
    sdgs: z.array(Sdg),
    matrixVersion: z.string().nullable().describe('Of the WSIS-SDG matrix that the goals were read from'),
    facilitators: z.array(Facilitator).describe('On the day asked for'),
    facilitatorsBefore: z.array(Facilitator).describe('Whose assignment had ended by then'),
    facilitatorsToCome: z.array(Facilitator).describe('Whose assignment had not begun by then'),
  })
  .meta({ id: 'ActionLine' });

const ActionLineJson = ActionLineItem.extend({
  figures: FiguresJson.extend({ pledged }),
  on: PlainDate,
  revision: z.int(),
  position: z.int(),
});

export const actionLineQueries = [
  queryRoute(
    {
      name: 'ListActionLines',
      url: 'action-lines',
      summary: 'The reportable action lines with their facilitators',
      query: ReferenceQuery.extend({ on }),
      answer: z.object({ items: z.array(ActionLineItem), next: z.string().nullable(), on: PlainDate, position: z.int() }),
    },
    async ({ query }, sources) => {
      const day = query.on ?? today();
      const { rows, ...page } = await referencePage(sources, 'actionLines', query);
      return { items: rows.map((row) => actionLineItem(row, day)), on: day, ...page };
    },
  ),
  queryRoute(
    {
      name: 'GetActionLine',
      url: 'action-lines/:code',
      summary: 'An action line with its facilitators today and before, its SDGs and its figures',
      path: z.strictObject({ code: ActionLineCode }),
      query: z.strictObject({ on, minPosition }),
      answer: ActionLineJson,
    },
    async ({ path: { code }, query }, sources) => {
      const day = query.on ?? today();
      const found = await readReference(sources, `actionLine-${code}`, [referenceViews.actionLines, commitments], query.minPosition, async (manager) => ({
        line: (await findReference(manager, 'actionLines', code))!,
        figures: await sources.figures.of({ actionLine: code, agency: '*' }, manager, day),
      }));
      if (!found) throw new Problem(404, 'ACTION_LINE.UNKNOWN', 'there is no such action line');
      const { line, figures } = found.value;
      return {
        ...actionLineItem(line, day),
        figures: { ...figuresJson(figures), pledged: figures.pledged },
        on: day,
        revision: line.revision,
        position: found.position,
      };
    },
  ),
];

function actionLineItem({ id, titles, sdgs, matrixVersion, assignments }: ActionLineRow, day: string): z.output<typeof ActionLineItem> {
  const facilitators = assignments.map(({ agency, role, from, to }) => ({ agency, role, from, to: to ?? null }));
  const isOver = ({ to }: { to: string | null }) => to !== null && to < day;
  const isToCome = ({ from }: { from: string }) => from > day;
  return {
    code: id,
    titles,
    sdgs,
    matrixVersion,
    facilitators: facilitators.filter((one) => !isOver(one) && !isToCome(one)),
    facilitatorsBefore: facilitators.filter(isOver),
    facilitatorsToCome: facilitators.filter(isToCome),
  };
}
