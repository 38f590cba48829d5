import type { EntitySchemaColumnOptions, EntitySchemaIndexOptions } from 'typeorm';
import { requireFitting } from '#contracts/fitting.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { eventType, requireKnown, type LedgerEvent } from '#domain/events.ts';
import { defineView, STILL_VALID, type View, type ViewRow } from '../view.ts';
import { instant, position } from './columns.ts';

/** What every row of the ledger's views tells beside its own. */
export interface LedgerRow extends ViewRow {
  /** When the latest event that changed it was recorded. */
  updatedAt: string;
  updatedPosition: number;
}

/** A row as folds return it; the id and the latest event are filled in for them. */
export type RowBody<Row extends LedgerRow> = Omit<Row, keyof LedgerRow>;

export type EventName = LedgerEvent['type'];
export type EventNamed<Name extends EventName> = Extract<LedgerEvent, { type: Name }>;

type Making<Row extends LedgerRow> = {
  [Name in EventName]?: (event: EventNamed<Name>, row: Row | undefined) => RowBody<Row> | null;
};
type Changing<Row extends LedgerRow> = { [Name in EventName]?: (event: EventNamed<Name>, row: Row) => RowBody<Row> | null };

interface LedgerViewDefinition<Row extends LedgerRow> extends Pick<View<Row>, 'name' | 'version' | 'contributions'> {
  /** Folds restricted events too; a view of the public record can't. */
  restricted?: true;
  counted?: true;
  working?: readonly (keyof Row & string)[];
  columns: { [Column in Exclude<keyof Row, keyof LedgerRow>]: EntitySchemaColumnOptions };
  indices?: EntitySchemaIndexOptions[];
  /** Of the row that an event makes, changes or ends. */
  id(event: LedgerEvent): string;
  /** Events after which there is a row, whether or not there was one. */
  makes: Making<Row>;
  /** Events about a row that must be there: one that is not means that the log or an earlier fold is wrong. */
  changes?: Changing<Row>;
  /** Events after which there is no row. */
  ends?: readonly EventName[];
}

/** A view of the ledger's events: a function for each event that it cares for. */
export function ledgerView<Row extends LedgerRow>(definition: LedgerViewDefinition<Row>): View<Row> {
  const { restricted = false, columns, id, makes, changes = {}, ends = [], ...view } = definition;
  const folds = foldsByName<Row>(makes, changes, ends);
  for (const name of folds.keys())
    if (!eventType(name)?.public && !restricted) throw new Error(`${view.name} is public and must not fold ${name}`);
  return defineView<Row>({
    ...view,
    columns: { ...columns, updatedAt: instant, updatedPosition: position } as Parameters<typeof defineView<Row>>[0]['columns'],
    keys(event) {
      if (!folds.has(requireKnown(event).type as EventName)) return [];
      requireFitting(event);
      return [id(event as LedgerEvent)];
    },
    evolve(row, event, key) {
      const body = folds.get(event.type as EventName)!(event, row);
      return body && ({ ...body, id: key, updatedAt: event.recordedAt, updatedPosition: event.position } as Row);
    },
  });
}

/** Id of the thing that the event's stream is about. */
export function streamId({ stream }: RecordedEvent): string {
  return stream.slice(stream.indexOf('-') + 1);
}

/** Id of a record under a commitment, by the field of its events that holds it: `updateId`. */
export function recordId(field: string): (event: LedgerEvent) => string {
  return ({ data }) => (data as Record<string, unknown>)[field] as string;
}

/** An index of all versions of rows. */
export function index(...columns: string[]): EntitySchemaIndexOptions {
  return { name: `rows_${columns.join('_')}`, columns };
}

/** An index of the rows that hold now: lists across commitments as of a moment in the past are rarer, and scan. */
export function currentIndex(...columns: string[]): EntitySchemaIndexOptions {
  return { ...index(...columns), where: `"validTo" = ${STILL_VALID}` };
}

type Fold<Row extends LedgerRow> = (event: RecordedEvent, row: Row | undefined) => RowBody<Row> | null;

function foldsByName<Row extends LedgerRow>(makes: Making<Row>, changes: Changing<Row>, ends: readonly EventName[]): Map<EventName, Fold<Row>> {
  const changesExisting = Object.entries(changes).map(([name, change]): [string, Fold<Row>] => [
    name,
    (event, row) => (change as Fold<Row>)(event, row ?? missing(event)),
  ]);
  const ending = ends.map((name): [string, Fold<Row>] => [name, () => null]);
  const all = [...Object.entries(makes), ...changesExisting, ...ending] as [EventName, Fold<Row>][];
  const folds = new Map(all);
  if (folds.size < all.length) throw new Error('an event type is folded twice');
  return folds;
}

function missing(event: RecordedEvent): never {
  throw new Error(`${event.type} at position ${event.position} is about a row that is not there`);
}
