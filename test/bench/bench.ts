import type { EmbeddedKafka } from '#embedded/kafka.ts';

/** One bench: a thing measured, with what it is measured against, in one run. */
export interface Bench {
  /** As given to `npm run bench -- <name>`. */
  name: string;
  run(context: BenchContext): Promise<Row[]>;
}

export interface BenchContext {
  /** A smoke run: tiny sizes, one round; nobody looks at its numbers. */
  quick: boolean;
  /** Rounds in which ours and theirs take turns, after one that warms up and is not counted. */
  rounds: number;
  /** Empty folder of this bench's own. */
  folder: string;
  /** Superuser's URL of a fresh, empty database on the run's PostgreSQL; dropped after the bench. */
  database(): Promise<string>;
  /** The run's broker; the same for all benches. */
  kafka(): Promise<EmbeddedKafka>;
  /** Tells, on the error output, what is being done. */
  say(line: string): void;
}

/** One line of the table. */
export interface Row {
  /** What was measured, in words: `append, 1 writer`. */
  name: string;
  unit: 'events/s' | 'requests/s' | 'ms' | 's' | 'MB';
  ours: number;
  /** Absent where the goal is a bound of its own. */
  peer?: { name: string; value: number };
  goal: Goal;
  /** What else was seen: `p50 3 ms, max 40 ms`. */
  detail?: string;
}

/** `atLeast` and `atMost`: times the peer's number. `within`: in the row's unit. `none`: told, not judged. */
export type Goal = { atLeast: number } | { atMost: number } | { within: number } | 'none';

/** A side's numbers in one round, by name. */
export type Measures = Record<string, number>;

/**
 * Lets the sides take turns, round by round, so that a noisy machine hits them all; a first round warms up.
 * @returns for each side the median of each of its numbers
 */
export async function takeTurns<Side extends string, M extends Measures>(
  rounds: number, sides: Record<Side, (round: number) => Promise<M>>,
): Promise<Record<Side, M>> {
  const seen = new Map<Side, M[]>();
  const names = Object.keys(sides) as Side[];
  for (let round = 0; round <= rounds; round += 1) {
    for (const side of names) {
      const measures = await sides[side](round);
      if (round > 0) seen.set(side, [...(seen.get(side) ?? []), measures]);
    }
  }
  return Object.fromEntries(names.map((side) => [side, medians(seen.get(side) ?? [])])) as Record<Side, M>;
}

function medians<M extends Measures>(rounds: M[]): M {
  return Object.fromEntries(Object.keys(rounds[0] ?? {}).map((name) => [name, percentile(rounds.map((one) => one[name]!), 0.5)])) as M;
}

/** The smallest value that at least this share of the values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('no values to take a percentile of');
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/**
 * Does `work` `times` times with so many workers at once.
 * @returns times a second, and how long each took in milliseconds
 */
export async function race(workers: number, times: number, work: (index: number) => Promise<unknown>): Promise<{ rate: number; latencies: number[] }> {
  const latencies: number[] = [];
  let next = 0;
  const started = performance.now();
  await Promise.all(Array.from({ length: workers }, async () => {
    while (next < times) {
      const index = next;
      next += 1;
      const begun = performance.now();
      await work(index);
      latencies.push(performance.now() - begun);
    }
  }));
  return { rate: (times * 1000) / (performance.now() - started), latencies };
}

/**
 * Does `work` at a steady pace whether or not the last has ended, as users do: what waits is not left out of the numbers.
 * @returns milliseconds from when each was due until it had ended
 */
export async function atPace(perSecond: number, times: number, work: (index: number) => Promise<unknown>): Promise<number[]> {
  const started = performance.now();
  const running: Promise<number>[] = [];
  for (let index = 0; index < times; index += 1) {
    const due = started + (index * 1000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    running.push(work(index).then(() => performance.now() - due));
  }
  return Promise.all(running);
}
