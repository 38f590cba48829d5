import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { NewEvent, RecordedEvent } from '#domain/event.ts';
import { createDataSource } from './data-source.ts';
import { migrateReadModel } from './migrate-read-model.ts';
import { ALWAYS } from '#domain/calendar.ts';
import { defineView, tablesOf, viewSchema, type View } from './view.ts';

/** A view with a column of every type that views use, for tests of what is true of every view. */
export interface Thing {
  id: string;
  title: string;
  lines: string[];
  dueOn: string | null;
  seenAt: string;
  amount: string;
  times: number;
  lastPosition: number;
  details: { note: string; more: (string | number | null)[] };
  scratch: { seen: number } | null;
}

/** `ThingSet` makes or changes a thing, `ThingGone` ends it, `ThingLeft` changes nothing; others don't concern it. */
export interface ThingData {
  id: string;
  title?: string;
  lines?: string[];
  dueOn?: string | null;
  amount?: string;
}

export const things = thingsView('things', {
  working: ['scratch'],
  contributions: (thing) =>
    [...thing.lines, '*'].flatMap((actionLine) => [
      { actionLine, agency: '*', measure: 'things', countsFrom: ALWAYS, amount: 1 },
      { actionLine, agency: '*', measure: 'amount', countsFrom: ALWAYS, amount: thing.amount },
      ...(thing.dueOn ? [{ actionLine, agency: '*', measure: 'due', countsFrom: thing.dueOn, amount: 1 }] : []),
    ]),
});

export const latestThings = thingsView('latest_things', { history: false });

export function thingsView(name: string, change: Partial<Parameters<typeof defineView<Thing>>[0]>): View<Thing> {
  return defineView<Thing>({
    name,
    version: 1,
    columns: {
      title: { type: 'text' },
      lines: { type: 'text', array: true },
      dueOn: { type: 'date', nullable: true },
      seenAt: { type: 'timestamptz' },
      amount: { type: 'numeric' },
      times: { type: 'int' },
      lastPosition: { type: 'bigint' },
      details: { type: 'jsonb' },
      scratch: { type: 'jsonb', nullable: true },
    },
    indices: [{ name: 'rows_due', columns: ['dueOn'] }],
    keys: ({ type, data }) => (type.startsWith('Thing') ? [(data as ThingData).id] : []),
    evolve: evolveThing,
    ...change,
  });
}

export function evolveThing(thing: Thing | undefined, { type, data, position, recordedAt }: RecordedEvent, id: string): Thing | null {
  const change = data as ThingData;
  if (type === 'ThingGone') return null;
  if (type !== 'ThingSet') return thing ?? null;
  const seen = (thing?.scratch?.seen ?? 0) + 1;
  return {
    id,
    title: change.title ?? thing?.title ?? 'untitled',
    lines: change.lines ?? thing?.lines ?? [],
    dueOn: change.dueOn === undefined ? (thing?.dueOn ?? null) : change.dueOn,
    seenAt: recordedAt,
    amount: change.amount ?? thing?.amount ?? '0',
    times: (thing?.times ?? 0) + 1,
    lastPosition: position,
    details: { note: `seen ${seen} times`, more: [thing?.title ?? null, seen, 'ü\u2028"\\'] },
    scratch: { seen },
  };
}

export function newEvent(type: string, data: unknown): NewEvent {
  return {
    id: randomUUID(),
    type,
    data,
    metadata: {
      commandId: randomUUID(),
      requestHash: '0'.repeat(64),
      actor: { id: 'someone', agency: 'UNDP', role: 'focal-point' },
      occurredOn: '2022-01-01',
      schemaVersion: 1,
      salt: '0'.repeat(32),
    },
  };
}

/** Events as a log would hold them, recorded a second apart. */
export function recorded(events: readonly (readonly [type: string, data: unknown])[], firstPosition = 1): RecordedEvent[] {
  return events.map(([type, data], n) => ({
    ...newEvent(type, data),
    stream: `thing-${(data as ThingData).id}`,
    revision: n + 1,
    position: firstPosition + n,
    recordedAt: new Date(Date.UTC(2022, 0, 1) + (firstPosition + n) * 1_000 + 7).toISOString(),
  }));
}

/** Migrates the read model and adds the tables of test views, made from their entities. */
export async function createTables(url: string, views: readonly View[]): Promise<void> {
  await migrateReadModel(url);
  const client = new pg.Client(url);
  await client.connect();
  for (const view of views) await client.query(`create schema ${viewSchema(view)}`);
  await client.end();
  const dataSource = createDataSource(url, views);
  await dataSource.initialize();
  await dataSource.synchronize();
  await dataSource.destroy();
}

/** A view's tables, as text, in order: equal only where every byte is. */
export async function dump(pool: pg.Pool, view: View, schema = viewSchema(view)): Promise<string[]> {
  const dumped: string[] = [];
  for (const table of tablesOf(view)) {
    const { rows } = await pool.query<{ row: string }>(`select r::text as row from ${schema}.${table} r order by ${ORDERS[table]}`);
    dumped.push(...rows.map(({ row }) => row));
  }
  return dumped;
}

const ORDERS = { rows: 'id, "validFrom"', rollup: '"actionLine", agency, measure, "countsFrom"', counted: 'id, "validFrom"' };
