import { z } from 'zod';
import { FacilitatorRole } from '#domain/action-line/assign-facilitator.ts';
import { ActionLineCode, AgencyCode, PlainDate, Titles } from '#domain/values.ts';
import { Problem } from '#platform/problem.ts';
import { findReference, linesOfAgency, referenceViews } from '#read-model/queries/list-reference.ts';
import { commitments } from '#read-model/views/commitments.ts';
import type { ActionLineRow } from '#read-model/views/action-lines.ts';
import type { AgencyRow } from '#read-model/views/agencies.ts';
import { agencyFiguresJson, FiguresJson, ofAgency, pledged } from '../matrix/figures-json.ts';
import { minPosition, on } from '../queries/query-parameters.ts';
import { queryRoute } from '../queries/query-route.ts';
import { readReference, ReferenceQuery, referencePage } from '../queries/reference-page.ts';
import { today } from '../today.ts';

const AgencyItem = z
  .object({ code: AgencyCode, names: Titles, kind: z.enum(['un-entity', 'other']), registeredOn: PlainDate })
  .meta({ id: 'Agency' });

const AgencyJson = AgencyItem.extend({
  lines: z
    .array(z.object({ actionLine: ActionLineCode, titles: Titles, role: FacilitatorRole, from: PlainDate, to: PlainDate.nullable(), holds: z.boolean().describe('On the day asked for') }))
    .describe('Action lines that it facilitates or facilitated'),
  figures: FiguresJson.extend({ ...ofAgency, pledged }),
  on: PlainDate,
  revision: z.int(),
  position: z.int(),
});

export const agencyQueries = [
  queryRoute(
    {
      name: 'ListAgencies',
      url: 'agencies',
      summary: 'Agencies, in order of their codes',
      query: ReferenceQuery,
      answer: z.object({ items: z.array(AgencyItem), next: z.string().nullable(), position: z.int() }),
    },
    async ({ query }, sources) => {
      const { rows, ...page } = await referencePage(sources, 'agencies', query);
      return { items: rows.map(agencyItem), ...page };
    },
  ),
  queryRoute(
    {
      name: 'GetAgency',
      url: 'agencies/:code',
      summary: 'An agency with the lines that it facilitates or facilitated, and its figures',
      path: z.strictObject({ code: AgencyCode }),
      query: z.strictObject({ on, minPosition }),
      answer: AgencyJson,
    },
    async ({ path: { code }, query }, sources) => {
      const day = query.on ?? today();
      const views = [referenceViews.agencies, referenceViews.actionLines, commitments];
      const found = await readReference(sources, `agency-${code}`, views, query.minPosition, async (manager) => ({
        agency: (await findReference(manager, 'agencies', code))!,
        lines: await linesOfAgency(manager, code),
        figures: await sources.figures.of({ actionLine: '*', agency: code }, manager, day),
      }));
      if (!found) throw new Problem(404, 'AGENCY.UNKNOWN', 'there is no such agency');
      const { agency, lines, figures } = found.value;
      return {
        ...agencyItem(agency),
        lines: lines.flatMap((line) => assignmentsOf(line, code, day)),
        figures: { ...agencyFiguresJson(figures), pledged: figures.pledged },
        on: day,
        revision: agency.revision,
        position: found.position,
      };
    },
  ),
];

function agencyItem({ id, names, kind, registeredOn }: AgencyRow): z.output<typeof AgencyItem> {
  return { code: id, names, kind, registeredOn };
}

function assignmentsOf({ id, titles, assignments }: ActionLineRow, code: string, day: string): z.output<typeof AgencyJson>['lines'] {
  return assignments
    .filter(({ agency }) => agency === code)
    .map(({ role, from, to }) => ({ actionLine: id, titles, role, from, to: to ?? null, holds: from <= day && (to === undefined || day <= to) }));
}
