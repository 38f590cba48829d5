import type { Actor, RecordedEvent } from '#domain/event.ts';
import type { LedgerEvent } from '#domain/events.ts';
import { DomainError, type RefusalCode } from '#domain/refusal.ts';
import type { UseCase } from '#domain/use-case.ts';
import type { TranscribedFrom } from '#domain/values.ts';
import { LedgerInMemory, fold, uuidV5 } from './ledger-in-memory.ts';

/**
 * Given what was done before, when somebody does something, then this follows:
 *
 *     given(submitted)
 *       .when(undesa.approver, registerCommitment, { id: the('commitment') })
 *       .then('CommitmentRegistered', { ... });
 *
 * History is earlier commands, run by the same machinery as the one looked at. New things are numbered by kind:
 * `the('update', 2)` is the id of the second update that was made.
 */
export function given(...history: History[]): Given {
  return new Given(history.flat());
}

/** One thing done by somebody. */
export function by<State>(actor: Actor, useCase: UseCase<never, State>, command: object, options: Circumstances = {}): Step<State> {
  return { actor, useCase, command, ...options };
}

export type History = Step | readonly Step[];

export interface Step<State = unknown> extends Circumstances {
  actor: Actor;
  useCase: UseCase<never, State>;
  /** Path parameters and body together. */
  command: object;
}

export interface Circumstances {
  /** Calendar date: `TODAY` unless given. */
  today?: string;
  /** Calendar date: today unless given. */
  occurredOn?: string;
  transcribedFrom?: TranscribedFrom;
}

/** Later than anything in the scenes. */
export const TODAY = '2023-06-01';

/** The id of the n-th thing of a kind (`commitment`, `target`, `update`, `obstacle`, `evidence`, `finding`). */
export function the(kind: string, nth = 1): string {
  return uuidV5('00000000-0000-5000-8000-000000000000', `${kind} ${nth}`);
}

/** The log that some steps make. @throws Error, naming the step, when one is refused */
export function logOf(...history: History[]): RecordedEvent[] {
  const scene = new Scene();
  for (const step of history.flat()) scene.play(step);
  return scene.ledger.log;
}

class Given {
  constructor(private readonly history: readonly Step[]) {}

  when<State>(actor: Actor, useCase: UseCase<never, State>, command: object, options: Circumstances = {}): When<State> {
    return new When(this.history, by(actor, useCase, command, options));
  }
}

export class When<State> {
  constructor(
    private readonly history: readonly Step[],
    private readonly step: Step<State>,
  ) {}

  /** Exactly this event follows. @returns the state of its stream after it */
  then<Type extends LedgerEvent['type']>(type: Type, data: object): State {
    const scene = this.#scene();
    const first = scene.decide(this.step);
    expect(first.decided).toEqual([{ type, data }]);
    expect(scene.decide(this.step)).toEqual(first);
    const [event] = scene.play(this.step);
    return fold(this.step.useCase.category, scene.ledger.log.filter(({ stream }) => stream === event!.stream)) as State;
  }

  /** It is refused by this rule alone, at these places in the command when any are named. */
  thenRefused(rule: RefusalCode, ...pointers: string[]): void {
    const { errors } = this.refusal();
    expect(errors.map((error) => error.rule)).toEqual(Array(Math.max(pointers.length, 1)).fill(rule));
    if (pointers.length > 0) expect(errors.map((error) => error.pointer)).toEqual(pointers);
  }

  /** All that is wrong is told at once: pairs of rule and pointer. */
  thenRefusedForAll(...wrong: [RefusalCode, string][]): void {
    expect(this.refusal().errors.map(({ rule, pointer }) => [rule, pointer])).toEqual(wrong);
  }

  /** The refusal. @throws Error when it is not refused */
  refusal(): DomainError {
    const scene = this.#scene();
    try {
      scene.decide(this.step);
    } catch (error) {
      if (error instanceof DomainError) return error;
      throw error;
    }
    throw new Error(`${this.step.useCase.name} was not refused`);
  }

  #scene(): Scene {
    const scene = new Scene();
    for (const step of this.history) scene.play(step);
    return scene;
  }
}

/** Plays steps, and numbers what they make. */
class Scene {
  readonly ledger = new LedgerInMemory();
  readonly #made = new Map<string, number>();
  #steps = 0;

  decide<State>(step: Step<State>) {
    return this.ledger.decide<State>(this.#sent(step, new Set()));
  }

  play(step: Step): RecordedEvent[] {
    const kinds = new Set<string>();
    const events = this.#run(step, kinds);
    for (const kind of kinds) this.#made.set(kind, this.#countOf(kind) + 1);
    this.#steps += 1;
    return events;
  }

  #run(step: Step, kinds: Set<string>): RecordedEvent[] {
    try {
      return this.ledger.run(this.#sent(step, kinds));
    } catch (cause) {
      throw new Error(`step ${this.#steps + 1} of the history, ${step.useCase.name}, failed: ${(cause as Error).message}`, { cause });
    }
  }

  #sent<State>({ today, ...step }: Step<State>, kinds: Set<string>) {
    const newId = (kind: string) => {
      kinds.add(kind);
      return the(kind, this.#countOf(kind) + 1);
    };
    return { ...step, at: `${today ?? TODAY}T12:00:00.000Z`, key: `step ${this.#steps + 1}`, newId };
  }

  #countOf(kind: string): number {
    return this.#made.get(kind) ?? 0;
  }
}
