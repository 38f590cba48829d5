import type { CommitmentEvent } from '#domain/commitment/commitment.ts';
import { partnersOf, type CommitmentState } from '#domain/commitment/state.ts';
import { approvedOf, type Versions } from '#domain/commitment/versions.ts';

/** One field of the thing that an event is about: JSON pointer into it, and its value before and after; null for none. */
export interface FieldChange {
  field: string;
  from: unknown;
  to: unknown;
}

/** Most changes told of one event; where there are more, whole fields are told instead of what changed inside them. */
const CHANGES_MAX = 100;

/**
 * What an event changed in the thing it is about. Content is compared with the approved content before it; while
 * nothing was approved, with the version before.
 */
export function changesOf(event: CommitmentEvent, before: CommitmentState, after: CommitmentState): FieldChange[] {
  const was = thing(event, before, contentBefore(event, before));
  const is = thing(event, after, contentOf(event));
  const changes = changesBetween(was, is);
  return changes.length <= CHANGES_MAX ? changes : changesBetween(was, is, 2).slice(0, CHANGES_MAX);
}

/** Fields that differ, as deep as both sides are objects; a list that differs is one change. */
export function changesBetween(from: unknown, to: unknown, depth = Infinity, field = ''): FieldChange[] {
  if (depth > 0 && isRecord(from) && isRecord(to)) {
    const names = new Set([...Object.keys(from), ...Object.keys(to)]);
    return [...names].flatMap((name) => changesBetween(from[name], to[name], depth - 1, `${field}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`));
  }
  return isSame(from, to) ? [] : [{ field, from: from ?? null, to: to ?? null }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Equal as JSON, whatever the order of fields. */
function isSame(a: unknown, b: unknown): boolean {
  if (isRecord(a) && isRecord(b)) return changesBetween(a, b).length === 0;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, n) => isSame(item, b[n]));
  return (a ?? null) === (b ?? null);
}

/** The thing that the event is about, in a state, as far as events of its kind change it. */
function thing({ data }: CommitmentEvent, state: CommitmentState, content: unknown): Record<string, unknown> {
  if ('updateId' in data) {
    const update = state.updates[data.updateId];
    return { status: update?.status, remark: update?.remark, content: fields(content) };
  }
  if ('targetId' in data) return { status: state.targets[data.targetId]?.versions.at(-1)?.status, content: fields(content) };
  if ('milestoneId' in data) return { reachedOn: Object.hasOwn(state.milestones, data.milestoneId) ? state.milestones[data.milestoneId] : undefined };
  if ('obstacleId' in data) return { ...state.obstacles[data.obstacleId] };
  if ('evidenceId' in data) return { ...state.evidence[data.evidenceId] };
  if ('findingId' in data) return { ...state.findings[data.findingId] };
  const { status, completion, ending } = state;
  return { status: status === 'none' ? undefined : status, partners: partnersOf(state), completion, ending, content: fields(content) };
}

/** Nothing yet is told field by field. */
function fields(content: unknown): unknown {
  return content ?? {};
}

function contentOf({ data }: CommitmentEvent): unknown {
  return 'content' in data ? data.content : undefined;
}

function contentBefore({ data }: CommitmentEvent, state: CommitmentState): unknown {
  if (!('content' in data)) return undefined;
  const versions: Versions<unknown> =
    'updateId' in data ? (state.updates[data.updateId]?.versions ?? []) : 'targetId' in data ? (state.targets[data.targetId]?.versions ?? []) : state.versions;
  const approved = approvedOf(versions)?.content;
  // An approval tells what is public from now on, whatever was proposed before.
  return approved ?? versions.findLast((version) => version.version !== data.version)?.content;
}
