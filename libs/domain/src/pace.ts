import { addDays, ALWAYS, daysBetween } from './calendar.ts';
import type { Observation, TargetContent } from './commitment/content.ts';
import type { CommitmentState } from './commitment/state.ts';
import { approvedOf } from './commitment/versions.ts';
import { percent, scaled } from './decimal.ts';
import type { Value } from './values.ts';

/**
 * How a target stands on a day, worked out from what is public. With A the value observed, B the baseline, T the
 * target: p = (A - B) / (T - B), and e is the share of the time from the baseline's date to the due date that had
 * passed on the observation's own date. The first that holds: not assessable (qualitative, B unknown, or T = B);
 * achieved (p >= 1); missed (after the due date); no recent report; on track (p >= e); behind.
 */
export const paces = ['missed', 'behind', 'no-recent-report', 'not-assessable', 'on-track', 'achieved'] as const;
/** Worst first: a commitment's pace is its worst target's. */
export type Pace = (typeof paces)[number];

export const PACE_FORMULA = 'p = (A - B) / (T - B); e = (as-of date - baseline date) / (due date - baseline date); on track when p >= e';

/** One published, whole (not disaggregated) figure for a target's indicator, with what decides between two. */
export interface PaceObservation {
  value: Value;
  asOf: string;
  /** Log position of its publication. */
  position: number;
}

/** Everything pace depends on beside the day. */
export interface PaceInputs {
  target: TargetContent;
  direction: 'rising' | 'falling' | undefined;
  reportingIntervalDays: number;
  observations: readonly PaceObservation[];
}

/** The answer, with its inputs, so that a reader can work it out again. Shares are per cent with one decimal. */
export interface PaceAnswer {
  pace: Pace;
  on: string;
  /** A: the value that counts, null when nothing was observed by then. */
  actual: { value: Value; asOf: string; bound: string } | null;
  /** B */
  baseline: { value: Value; on: string; bound: string } | 'unknown' | null;
  /** T */
  target: { value: Value; dueOn: string; bound: string } | null;
  /** p */
  fromBaseline: string | null;
  /** e */
  timePassed: string | null;
  /** A / T, where the target rises from zero. */
  overall: string | null;
  formula: string;
}

/** Pace of one target on a day. */
export function paceOn(inputs: PaceInputs, on: string): PaceAnswer {
  const { target, direction } = inputs;
  const none: Omit<PaceAnswer, 'pace'> = {
    on,
    actual: null,
    baseline: null,
    target: null,
    fromBaseline: null,
    timePassed: null,
    overall: null,
    formula: PACE_FORMULA,
  };
  if (target.kind === 'qualitative') return { ...none, pace: 'not-assessable' };

  const bound = (value: Value) => (direction === 'falling' ? (value.high ?? value.low) : value.low);
  const observed = observationOn(inputs.observations, on);
  const T = scaled(bound(target.value));
  const answer: Omit<PaceAnswer, 'pace'> = {
    ...none,
    actual: observed ? { value: observed.value, asOf: observed.asOf, bound: bound(observed.value) } : null,
    baseline: target.baseline === 'unknown' ? ('unknown' as const) : { ...target.baseline, bound: bound(target.baseline.value) },
    target: { value: target.value, dueOn: target.dueOn, bound: bound(target.value) },
  };
  const A = observed && scaled(bound(observed.value));
  if (A !== undefined && direction === 'rising' && T > 0n) answer.overall = percent(A, T);
  if (target.baseline === 'unknown') return { ...answer, pace: 'not-assessable' };
  const B = scaled(bound(target.baseline.value));
  if (T === B) return { ...answer, pace: 'not-assessable' };
  if (A === undefined || !observed) return { ...answer, pace: on > target.dueOn ? 'missed' : 'no-recent-report' };

  const done = { of: A - B, in: T - B };
  const passed = timePassed(target.baseline.on, target.dueOn, observed.asOf);
  answer.fromBaseline = percent(done.of, done.in);
  answer.timePassed = percent(passed.of, passed.in);
  const judge = (): Pace => {
    if (isAchieved(done, observed.value)) return 'achieved';
    if (on > target.dueOn) return 'missed';
    if (daysBetween(observed.asOf, on) > inputs.reportingIntervalDays) return 'no-recent-report';
    return atLeast(done, passed) ? 'on-track' : 'behind';
  };
  return { ...answer, pace: judge() };
}

function isAchieved(done: Ratio, { qualifier }: Value): boolean {
  return atLeast(done, { of: 1n, in: 1n }) && qualifier !== 'about' && qualifier !== 'nearly';
}

/** From which day on which pace holds, the first from the beginning of time. Neighbours differ. */
export type PaceSteps = readonly PaceStep[];

interface PaceStep {
  from: string;
  pace: Pace;
}

/** Worst pace of a commitment's targets for every day there is; empty where it has no target. */
export function paceSteps(targets: readonly PaceInputs[]): PaceSteps {
  if (targets.length === 0) return [];
  if (targets.length === 1) return stepsOf(targets[0]!);
  const each = targets.map((inputs) => ({ steps: stepsOf(inputs), at: 0 }));
  const days = [...new Set(each.flatMap(({ steps }) => steps.map(({ from }) => from)))].sort();
  const together: PaceStep[] = [];
  for (const from of days) {
    for (const one of each) if (one.steps[one.at + 1]?.from === from) one.at += 1;
    addStep(together, from, worst(each.map(({ steps, at }) => steps[at]!.pace)));
  }
  return together;
}

/** What pace rests on, for each approved target of a commitment. */
export function paceInputsOf(commitment: CommitmentState): Record<string, PaceInputs> {
  const { reportingIntervalDays } = approvedOf(commitment.versions)?.content ?? { reportingIntervalDays: 365 };
  const inputs: Record<string, PaceInputs> = {};
  for (const [id, { versions, direction }] of Object.entries(commitment.targets)) {
    const target = approvedOf(versions)?.content;
    if (target) inputs[id] = { target, direction, reportingIntervalDays, observations: observationsFor(target, commitment) };
  }
  return inputs;
}

/** Whether a published observation speaks of a target: same indicator and unit, and not disaggregated. */
export function speaksOf(observation: Observation, target: TargetContent): boolean {
  return (
    target.kind === 'quantitative' &&
    observation.indicator === target.indicator &&
    observation.unit === target.unit &&
    observation.disaggregation === undefined
  );
}

export function worst(of: readonly Pace[]): Pace {
  return paces[Math.min(...of.map((pace) => paces.indexOf(pace)))]!;
}

/** In the order of publication, which is the same whoever folds: a draft's place among the updates is not public. */
function observationsFor(target: TargetContent, commitment: CommitmentState): PaceObservation[] {
  const updates = Object.values(commitment.updates).sort((a, b) => a.publishedPosition - b.publishedPosition);
  return updates.flatMap((update) => {
    const published = update.status === 'retracted' ? undefined : approvedOf(update.versions);
    return (published?.content.observations ?? [])
      .filter((observation) => speaksOf(observation, target))
      .map(({ value, asOf }) => ({ value, asOf, position: update.publishedPosition }));
  });
}

/** The latest as-of date wins, then final over provisional, then the higher position, then the later in its update. */
function observationOn(observations: readonly PaceObservation[], on: string): PaceObservation | undefined {
  let best: PaceObservation | undefined;
  for (const one of observations) if (one.asOf <= on && (!best || !outranks(best, one))) best = one;
  return best;
}

/**
 * What `paceOn` says of one target, for every day: with each observation it turns at most three times. Asking `paceOn`
 * for each of those days took half of a projection's time, and grew with the square of the reports (measured).
 */
function stepsOf({ target, direction, reportingIntervalDays, observations }: PaceInputs): PaceStep[] {
  if (target.kind === 'qualitative' || target.baseline === 'unknown') return [{ from: ALWAYS, pace: 'not-assessable' }];
  const bound = (value: Value) => scaled(direction === 'falling' ? (value.high ?? value.low) : value.low);
  const [T, B] = [bound(target.value), bound(target.baseline.value)];
  if (T === B) return [{ from: ALWAYS, pace: 'not-assessable' }];
  const missedFrom = addDays(target.dueOn, 1);
  const steps: PaceStep[] = [];
  /** From one day to the day before another: as it is then, until it is old, until it is missed. */
  const add = (from: string, until: string | undefined, pace: Pace, oldFrom: string) => {
    addStep(steps, from, from >= missedFrom ? 'missed' : from >= oldFrom ? 'no-recent-report' : pace);
    if (oldFrom > from && oldFrom < missedFrom && (until === undefined || oldFrom < until)) addStep(steps, oldFrom, 'no-recent-report');
    if (missedFrom > from && (until === undefined || missedFrom < until)) addStep(steps, missedFrom, 'missed');
  };
  const latest = latestByDay(observations);
  add(ALWAYS, latest[0]?.asOf, 'no-recent-report', ALWAYS);
  latest.forEach(({ value, asOf }, index) => {
    const done = { of: bound(value) - B, in: T - B };
    if (isAchieved(done, value)) return addStep(steps, asOf, 'achieved');
    const isOnTrack = atLeast(done, timePassed((target.baseline as { on: string }).on, target.dueOn, asOf));
    add(asOf, latest[index + 1]?.asOf, isOnTrack ? 'on-track' : 'behind', addDays(asOf, reportingIntervalDays + 1));
  });
  return steps;
}

function addStep(steps: PaceStep[], from: string, pace: Pace): void {
  if (steps.at(-1)?.pace !== pace) steps.push({ from, pace });
}

/** The observation that counts on each day on which there is one, by day. */
function latestByDay(observations: readonly PaceObservation[]): PaceObservation[] {
  const best = new Map<string, PaceObservation>();
  for (const one of observations) {
    const held = best.get(one.asOf);
    if (!held || !outranks(held, one)) best.set(one.asOf, one);
  }
  return [...best.values()].sort((a, b) => (a.asOf < b.asOf ? -1 : 1));
}

function outranks(a: PaceObservation, b: PaceObservation): boolean {
  if (a.asOf !== b.asOf) return a.asOf > b.asOf;
  if (a.value.provisional !== b.value.provisional) return !a.value.provisional;
  return a.position > b.position;
}

interface Ratio {
  of: bigint;
  in: bigint;
}

function timePassed(from: string, to: string, day: string): Ratio {
  const whole = Math.max(daysBetween(from, to), 1);
  return { of: BigInt(Math.min(Math.max(daysBetween(from, day), 0), whole)), in: BigInt(whole) };
}

/** `a >= b`, exactly; b's divisor is positive. */
function atLeast(a: Ratio, b: Ratio): boolean {
  const left = a.of * b.in;
  const right = b.of * a.in;
  return a.in > 0n ? left >= right : left <= right;
}
