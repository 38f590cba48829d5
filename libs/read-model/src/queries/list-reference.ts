import type { EntityManager } from 'typeorm';
import { viewSchema, type View, type ViewRow } from '../view.ts';
import { actionLines, type ActionLineRow } from '../views/action-lines.ts';
import { agencies, type AgencyRow } from '../views/agencies.ts';
import { indicators, type IndicatorRow } from '../views/indicators.ts';
import { Conditions } from './conditions.ts';
import { addKeyset, pageOf, type Keyed, type Order, type Page, type PageOf } from './keyset.ts';

/** Reference data, by code. */
export const referenceViews = { agencies, actionLines, indicators };
export interface ReferenceRows {
  agencies: AgencyRow;
  actionLines: ActionLineRow;
  indicators: IndicatorRow;
}

/** C2 before C10. */
const BY_NUMBER: Order = { column: `lpad(substring(r.id from '[0-9]+'), 2, '0')`, type: 'text' };
const BY_CODE: Order = { column: 'r.id', type: 'text' };

/** In order of their codes. */
export async function listReference<Kind extends keyof ReferenceRows>(
  manager: EntityManager,
  kind: Kind,
  page: Omit<PageOf, 'sort'>,
): Promise<Page<Keyed<ReferenceRows[Kind]>>> {
  const where = new Conditions();
  where.validAt('r', page.position);
  const tail = addKeyset(where, kind === 'actionLines' ? BY_NUMBER : BY_CODE, 'r.id', { ...page, sort: { by: 'code', falling: false } });
  const key = kind === 'actionLines' ? BY_NUMBER.column : BY_CODE.column;
  const found = await manager.query<Keyed<ReferenceRows[Kind]>[]>(
    `select r.*, ${key} as "keyValue" from ${viewSchema(referenceViews[kind])}.rows r where ${where} ${tail}`,
    where.values,
  );
  return pageOf(found, page.limit);
}

/** One row that holds now. */
export async function findReference<Kind extends keyof ReferenceRows>(manager: EntityManager, kind: Kind, code: string): Promise<ReferenceRows[Kind] | undefined> {
  return findCurrent(manager, referenceViews[kind] as unknown as View<ReferenceRows[Kind]>, code);
}

/** Action lines to which an agency is or was assigned. */
export async function linesOfAgency(manager: EntityManager, agency: string): Promise<ActionLineRow[]> {
  const where = new Conditions();
  where.validAt('r', undefined);
  where.add((value) => `r.assignments @> ${value}::jsonb`, JSON.stringify([{ agency }]));
  return manager.query<ActionLineRow[]>(`select r.* from ${viewSchema(actionLines)}.rows r where ${where} order by ${BY_NUMBER.column}, r.id limit 1000`, where.values);
}

async function findCurrent<Row extends ViewRow>(manager: EntityManager, view: View<Row>, id: string): Promise<Row | undefined> {
  const where = new Conditions();
  where.validAt('r', undefined);
  where.add((value) => `r.id = ${value}`, id);
  const [row] = await manager.query<Row[]>(`select r.* from ${viewSchema(view)}.rows r where ${where}`, where.values);
  return row;
}
