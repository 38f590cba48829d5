import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { published } from '#contracts/published.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { eventTypes, requireKnown, SCHEMA_VERSION } from '#domain/events.ts';
import { LogRestored } from '#domain/log-restored.ts';
import type { Category } from '#domain/use-case.ts';
import { foldBatch } from '#read-model/fold-batch.ts';
import { viewId } from '#read-model/view.ts';
import { views } from '#read-model/views.ts';
import { fold } from '#testing/ledger-in-memory.ts';

/** Logs as some build once wrote them, one event a line; never changed, so that every later build is shown to read them. */
export const folder = join(import.meta.dirname, 'logs');
export const expectationsFile = join(import.meta.dirname, 'expected.json');

export interface FrozenLog {
  /** `1-everything.jsonl`: the number tells what was frozen together. */
  name: string;
  text: string;
  events: RecordedEvent[];
}

/** What a log comes to, in hashes: a difference names the stream, the event type or the view. */
export interface Outcome {
  /** Of the file itself: it is never changed. */
  log: string;
  states: Record<string, string>;
  published: Record<string, string>;
  /** Every row version that the view ever had. */
  views: Record<string, string>;
}

export function readFrozenLogs(): FrozenLog[] {
  return readdirSync(folder).sort().map((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    return { name, text, events: text.trimEnd().split('\n').map((line) => JSON.parse(line) as RecordedEvent) };
  });
}

/** `ProgressSubmitted version 1`: each type, in the version that this build writes, that no frozen log holds. */
export function missingIn(logs: readonly FrozenLog[]): string[] {
  const types = [...Object.values(eventTypes).flat(), LogRestored].map(({ type }) => versionOf(type, SCHEMA_VERSION));
  const held = new Set(logs.flatMap(({ events }) => events.map(({ type, metadata }) => versionOf(type, metadata.schemaVersion))));
  return types.filter((type) => !held.has(type));
}

/** @throws where this build cannot read what the log holds */
export function outcomeOf({ text, events }: FrozenLog): Outcome {
  return {
    log: hash(text),
    states: byName(groups(events, ({ stream }) => stream).map(([stream, ofStream]) => [stream, hash(stateOf(ofStream))])),
    published: byName(groups(events.flatMap((event) => published(event) ?? []), ({ type }) => type).map(([type, ofType]) => [type, hash(ofType)])),
    views: byName(views.map((view) => [viewId(view), hash(foldBatch(view, new Map(), events).map(({ versions }) => versions))])),
  };
}

function versionOf(type: string, version: number): string {
  return `${type} version ${version}`;
}

/** As the API folds: it looks at the version first. What the log says of itself is no state. */
function stateOf(events: readonly RecordedEvent[]): unknown {
  const categories = new Set(events.map((event) => requireKnown(event).category));
  const [category] = [...categories];
  return category === 'log' ? events : fold(category as Category, events);
}

function groups<T>(items: readonly T[], nameOf: (item: T) => string): [string, T[]][] {
  return [...Map.groupBy(items, nameOf)];
}

function byName(entries: [string, string][]): Record<string, string> {
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The order of an object's fields says nothing. */
function hash(value: unknown): string {
  const json = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part);
  return createHash('sha256').update(json).digest('hex').slice(0, 16);
}
