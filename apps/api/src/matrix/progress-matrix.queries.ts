import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { AgencyCode, PlainDate, Titles } from '#domain/values.ts';
import { figuresAsOf, noFigures, type Figures } from '#read-model/queries/figures.ts';
import { listReference, referenceViews } from '#read-model/queries/list-reference.ts';
import { commitments } from '#read-model/views/commitments.ts';
import { asOf, minPosition, on } from '../queries/query-parameters.ts';
import { queryRoute } from '../queries/query-route.ts';
import { today } from '../today.ts';
import { agencyFiguresJson, figuresJson, FiguresJson, ofAgency, pledged } from './figures-json.ts';

const LineCode = z.string().describe('C7 stands for all of its sub-lines together');

export const matrixQueries = [
  queryRoute(
    {
      name: 'GetProgressMatrix',
      url: 'progress-matrix',
      summary: 'Commitments by action line and agency. Totals count each commitment once, so cells do not add up to them',
      query: z.strictObject({ asOf, on, minPosition }),
      answer: z.object({
        asOf: z.iso.datetime().nullable().describe('Null: now'),
        on: PlainDate,
        position: z.int(),
        lines: z.array(z.object({ code: z.string(), titles: Titles })),
        agencies: z.array(z.object({ code: AgencyCode, names: Titles })),
        cells: z.array(FiguresJson.extend({ actionLine: z.string(), agency: AgencyCode, ...ofAgency })).describe('Where there is a commitment'),
        totals: z.object({
          byLine: z.array(FiguresJson.extend({ actionLine: LineCode, pledged })),
          byAgency: z.array(FiguresJson.extend({ agency: AgencyCode, ...ofAgency, pledged })),
          all: FiguresJson.extend({ pledged }),
        }),
      }),
    },
    async ({ query }, sources) => {
      const day = query.on ?? today();
      const asked = await sources.positionOf(query);
      const views = [commitments, referenceViews.actionLines, referenceViews.agencies];
      const { value, position } = await sources.read(views, Math.max(query.minPosition ?? 0, asked ?? 0), async (manager) => ({
        figures: asked === undefined ? await sources.figures.all(manager, day) : await figuresAsOf(manager, asked, day),
        lines: await allOf(manager, 'actionLines', asked),
        agencies: await allOf(manager, 'agencies', asked),
      }));
      const order = new Map([...value.lines.map(({ id }) => id), 'C7'].map((code, n) => [code, n]));
      const figures = value.figures.toSorted((a, b) => (order.get(a.actionLine) ?? 0) - (order.get(b.actionLine) ?? 0) || (a.agency < b.agency ? -1 : 1));
      return {
        asOf: query.asOf?.toISOString() ?? null,
        on: day,
        position: asked ?? position,
        lines: value.lines.map(({ id, titles }) => ({ code: id, titles })),
        agencies: value.agencies.map(({ id, names }) => ({ code: id, names })),
        cells: figures.filter(isCell).map((cell) => ({ actionLine: cell.actionLine, agency: cell.agency, ...agencyFiguresJson(cell) })),
        totals: {
          byLine: figures.filter(isLineTotal).map((total) => ({ actionLine: total.actionLine, ...figuresJson(total), pledged: total.pledged })),
          byAgency: figures.filter(isAgencyTotal).map((total) => ({ agency: total.agency, ...agencyFiguresJson(total), pledged: total.pledged })),
          all: withPledges(figures.find(isGrandTotal) ?? noFigures('*', '*')),
        },
      };
    },
  ),
];

const PAGE = 500;
const PAGES_MAX = 20;

async function allOf<Kind extends 'actionLines' | 'agencies'>(manager: EntityManager, kind: Kind, position: number | undefined) {
  const first = await listReference(manager, kind, { limit: PAGE, position });
  const rows = [...first.rows];
  let { after } = first;
  for (let page = 1; after && page < PAGES_MAX; page++) {
    const more = await listReference(manager, kind, { limit: PAGE, position, after });
    rows.push(...more.rows);
    after = more.after;
  }
  return rows;
}

function withPledges(total: Figures) {
  return { ...figuresJson(total), pledged: total.pledged };
}

function isCell({ actionLine, agency }: Figures): boolean {
  return actionLine !== '*' && agency !== '*';
}

function isLineTotal({ actionLine, agency }: Figures): boolean {
  return actionLine !== '*' && agency === '*';
}

function isAgencyTotal({ actionLine, agency }: Figures): boolean {
  return actionLine === '*' && agency !== '*';
}

function isGrandTotal({ actionLine, agency }: Figures): boolean {
  return actionLine === '*' && agency === '*';
}
