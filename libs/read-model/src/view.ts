import { EntitySchema, type EntitySchemaColumnOptions, type EntitySchemaIndexOptions } from 'typeorm';
import type { RecordedEvent } from '#domain/event.ts';

/** `validTo` of a row that still holds: above every position, and exact in JavaScript. */
export const STILL_VALID = Number.MAX_SAFE_INTEGER;

/** A view's row. Every column is there, null where there is nothing: a row just folded equals the row loaded again. */
export interface ViewRow {
  id: string;
}

/** A row as its table holds it: this version stood from one position up to, not including, the other. */
export type RowVersion<Row extends ViewRow = ViewRow> = Row & { validFrom: number; validTo: number };

/** What one row adds to the view's rollup. `'*'` as action line or agency stands for a total with a count of its own. */
export interface Contribution {
  actionLine: string;
  agency: string;
  measure: string;
  /** The date from which it counts; `ALWAYS` where no date matters. */
  countsFrom: string;
  /** A whole number, or a decimal number as text. */
  amount: number | string;
}

/** A pure fold of the log into a table of rows. Changing what any of its functions answers needs a new version. */
export interface View<Row extends ViewRow = ViewRow> {
  /** Snake case: part of a schema name. */
  name: string;
  version: number;
  /** False where only the current rows are kept. */
  history: boolean;
  /** Columns that the fold needs and history does not: null in closed versions. */
  working: readonly string[];
  entity: EntitySchema<RowVersion<Row>>;
  rollupEntity: EntitySchema<RollupCell> | undefined;
  /** Whether there is a table `counted`, a narrow history that triggers on its rows fill. */
  counted: boolean;
  /** Ids of the rows that an event touches; none for most events. */
  keys(event: RecordedEvent): readonly string[];
  /** The row after the event; the very same row where nothing changed; null where there is none (any longer). */
  evolve(row: Row | undefined, event: RecordedEvent, key: string): Row | null;
  contributions?(row: Row): readonly Contribution[];
}

export interface RollupCell extends Contribution {
  /** Decimal number as text; never zero. */
  amount: string;
}

interface ViewDefinition<Row extends ViewRow>
  extends Pick<View<Row>, 'name' | 'version' | 'keys' | 'evolve' | 'contributions'> {
  history?: boolean;
  counted?: boolean;
  working?: readonly (keyof Row & string)[];
  columns: { [Column in Exclude<keyof Row, 'id'>]: EntitySchemaColumnOptions };
  /** Names must be unique within the view. A partial unique index on the current rows is there already. */
  indices?: EntitySchemaIndexOptions[];
}

export function defineView<Row extends ViewRow>(definition: ViewDefinition<Row>): View<Row> {
  const { name, version, columns, indices, history = true, counted = false, working = [], ...fold } = definition;
  if (!/^[a-z][a-z_]{0,40}$/.test(name)) throw new Error(`"${name}" is not a snake case view name`);
  const schema = `view_${name}_v${version}`;
  return {
    ...fold,
    name,
    version,
    history,
    counted,
    working,
    entity: rowsEntity<Row>(schema, columns, indices ?? []),
    rollupEntity: fold.contributions && rollupEntity(schema),
  };
}

/** `commitments_v1`: names the view's checkpoint. */
export function viewId(view: View): string {
  return `${view.name}_v${view.version}`;
}

/** `view_commitments_v1`: the schema that holds the view's tables. */
export function viewSchema(view: View): string {
  return `view_${viewId(view)}`;
}

/** Names of the view's tables in its schema. */
export function tablesOf(view: View): ('rows' | 'rollup' | 'counted')[] {
  return ['rows', ...(view.rollupEntity ? ['rollup' as const] : []), ...(view.counted ? ['counted' as const] : [])];
}

/** The same with their schema, as SQL names them. */
export function qualifiedTablesOf(view: View): string[] {
  return tablesOf(view).map((table) => `${viewSchema(view)}.${table}`);
}

/** Columns of the view's row, without those of its version. A column is named as its property. */
export function rowColumns(view: View): string[] {
  return Object.keys(view.entity.options.columns).filter((column) => column !== 'validFrom' && column !== 'validTo');
}

function rowsEntity<Row extends ViewRow>(
  schema: string,
  columns: Record<string, EntitySchemaColumnOptions>,
  indices: EntitySchemaIndexOptions[],
): EntitySchema<RowVersion<Row>> {
  const versioned: Record<string, EntitySchemaColumnOptions> = {
    id: { type: 'text', primary: true, primaryKeyConstraintName: 'rows_pkey' },
    ...columns,
    validFrom: { type: 'bigint', primary: true, primaryKeyConstraintName: 'rows_pkey' },
    validTo: { type: 'bigint' },
  };
  return new EntitySchema<RowVersion<Row>>({
    name: `${schema}.rows`,
    schema,
    tableName: 'rows',
    columns: versioned as EntitySchema<RowVersion<Row>>['options']['columns'],
    indices: [
      { name: 'rows_current', columns: ['id'], unique: true, where: `"validTo" = ${STILL_VALID}` },
      { name: 'rows_closed', columns: ['validTo'], where: `"validTo" < ${STILL_VALID}` },
      ...indices,
    ],
  });
}

function rollupEntity(schema: string): EntitySchema<RollupCell> {
  const key = { primary: true, primaryKeyConstraintName: 'rollup_pkey' };
  return new EntitySchema<RollupCell>({
    name: `${schema}.rollup`,
    schema,
    tableName: 'rollup',
    columns: {
      actionLine: { type: 'text', ...key },
      agency: { type: 'text', ...key },
      measure: { type: 'text', ...key },
      countsFrom: { type: 'date', ...key },
      amount: { type: 'numeric' },
    },
  });
}
