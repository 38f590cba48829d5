import { LRUCache } from 'lru-cache';
import type { EntityManager } from 'typeorm';
import { scaled } from '#domain/decimal.ts';
import { STILL_VALID, viewId, viewSchema } from '../view.ts';
import { commitments } from '../views/commitments.ts';
import { LAST_UPDATE } from '../views/commitment-figures.ts';
import { addRow, FIGURES_COLUMNS, figuresIn, figuresOf, noFigures, scopeIn, scopeKey, type Figures, type FiguresRow, type Scope, type ScopeName, type Scopes } from './figures.ts';

/** Sums of all scopes on a day, as they stood at a position. Never changed once made: later ones share what stayed the same. */
interface Kept {
  /** Tells this table from one that took its place, in a rebuild or when a database was restored. */
  table: string;
  position: number;
  scopes: Scopes;
}

/** Days for which figures are kept: today, and what else people look at. */
const DAYS_MAX = 16;
/** Of one day: transactions that began earlier are still to be answered when a later one has been. */
const POSITIONS_MAX = 4;
/** More commitments than this may change before it is quicker to add up the rollup again. */
const CHANGES_MAX = 5_000;

/**
 * Figures as they stand now. A process adds up the rollup once for a day, a million cells of a large ledger in a second;
 * from there on it takes off what commitments that have changed since contributed, and adds what they contribute.
 */
export class KeptFigures {
  readonly #kept = new LRUCache<string, readonly Kept[]>({ max: DAYS_MAX });
  readonly #filling = new Map<string, Promise<unknown>>();

  /** Of every scope that has a commitment, in the transaction's snapshot. */
  async all(manager: EntityManager, on: string): Promise<Figures[]> {
    return figuresOf(await this.#now(manager, on));
  }

  /** Of one scope; all zero where it has no commitment. */
  async of(scope: ScopeName, manager: EntityManager, on: string): Promise<Figures> {
    const found = (await this.#now(manager, on)).get(scopeKey(scope));
    return found ? figuresIn(found) : noFigures(scope.actionLine, scope.agency);
  }

  async #now(manager: EntityManager, on: string): Promise<Scopes> {
    const { table, position } = await standingOf(manager);
    // What is added up just now is a beginning for everyone who waits; should it fail, each tries for themselves.
    const filling = this.#filling.get(on);
    if (filling) await filling.catch(() => undefined);
    const before = this.#kept.get(on)?.find((kept) => kept.table === table && kept.position <= position);
    if (before?.position === position) return before.scopes;
    const scopes = (before && (await changedSince(manager, before, on))) ?? (await this.#filled(manager, on));
    this.#keep(on, { table, position, scopes });
    return scopes;
  }

  async #filled(manager: EntityManager, on: string): Promise<Scopes> {
    const filling = addedUp(manager, on);
    this.#filling.set(on, filling);
    try {
      return await filling;
    } finally {
      this.#filling.delete(on);
    }
  }

  /** The latest first; those of a table that is gone go. */
  #keep(on: string, kept: Kept): void {
    const others = (this.#kept.get(on) ?? []).filter(({ table, position }) => table === kept.table && position !== kept.position);
    this.#kept.set(on, [kept, ...others].sort((a, b) => b.position - a.position).slice(0, POSITIONS_MAX));
  }
}

async function standingOf(manager: EntityManager): Promise<Pick<Kept, 'table' | 'position'>> {
  const [found] = await manager.query<{ table: string; position: number | null }[]>(
    `select concat_ws(' ', '${viewSchema(commitments)}.rows'::regclass::oid, pg_postmaster_start_time()) as table,
            (select position from read_model.checkpoints where view = $1) as position`,
    [viewId(commitments)],
  );
  return { table: found!.table, position: found!.position ?? 0 };
}

async function addedUp(manager: EntityManager, on: string): Promise<Scopes> {
  const sums = await manager.query<{ actionLine: string; agency: string; measure: string; amount: string; latest: string }[]>(
    `select "actionLine", agency, measure, trim_scale(sum(amount)) as amount, max("countsFrom") as latest
     from ${viewSchema(commitments)}.rollup where "countsFrom" <= $1::date group by 1, 2, 3`,
    [on],
  );
  const scopes: Scopes = new Map();
  for (const { actionLine, agency, measure, amount, latest } of sums) {
    const isWhole = !measure.startsWith('pledged:');
    scopeIn(scopes, { actionLine, agency }).sums.set(measure, { whole: isWhole ? Number(amount) : 0, decimal: isWhole ? 0n : scaled(amount), latest });
  }
  return scopes;
}

/** Undefined where too much has changed. */
async function changedSince(manager: EntityManager, { scopes: before, position }: Kept, on: string): Promise<Scopes | undefined> {
  const rows = await manager.query<(FiguresRow & { holds: boolean })[]>(
    `select ${FIGURES_COLUMNS}, true as holds from ${viewSchema(commitments)}.rows c
     where c."validTo" = ${STILL_VALID} and c."updatedPosition" > $1
     union all
     select ${FIGURES_COLUMNS}, false from ${viewSchema(commitments)}.rows c
     where c."validTo" < ${STILL_VALID} and c."validTo" > $1 and c."validFrom" <= $1
     limit ${CHANGES_MAX + 1}`,
    [position],
  );
  if (rows.length > CHANGES_MAX) return undefined;
  const scopes = new Map(before);
  const touched = new Map<string, Scope>();
  const touch = (name: ScopeName): Scope => {
    const key = scopeKey(name);
    const known = touched.get(key);
    if (known) return known;
    const sums = [...(before.get(key)?.sums ?? [])].map(([measure, sum]) => [measure, { ...sum }] as const);
    const scope: Scope = { actionLine: name.actionLine, agency: name.agency, sums: new Map(sums) };
    touched.set(key, scope);
    scopes.set(key, scope);
    return scope;
  };
  for (const row of rows) if (!row.holds) addRow(row, on, -1, touch);
  for (const row of rows) if (row.holds) addRow(row, on, 1, touch);
  await findLatest(manager, [...touched.values()].filter(({ sums }) => sums.get(LAST_UPDATE)?.isLatestLost), on);
  return scopes;
}

/** Looks up the latest updates of scopes whose latest one went away: where one was retracted, or its commitment left the scope. */
async function findLatest(manager: EntityManager, scopes: readonly Scope[], on: string): Promise<void> {
  if (scopes.length === 0) return;
  const found = await manager.query<{ n: number; latest: string | null }[]>(
    `select (lost.n - 1)::int as n, (
       select max("countsFrom") from ${viewSchema(commitments)}.rollup cell
       where cell."actionLine" = lost."actionLine" and cell.agency = lost.agency and cell.measure = '${LAST_UPDATE}' and cell."countsFrom" <= $3::date
     ) as latest
     from unnest($1::text[], $2::text[]) with ordinality as lost("actionLine", agency, n)`,
    [scopes.map(({ actionLine }) => actionLine), scopes.map(({ agency }) => agency), on],
  );
  for (const { n, latest } of found) Object.assign(scopes[n]!.sums.get(LAST_UPDATE)!, { latest: latest ?? '', isLatestLost: false });
}
