import type { z } from 'zod';
import type { ActionLineEvent, ActionLineState } from './action-line/action-line.ts';
import type { AgencyEvent, AgencyState } from './agency/agency.ts';
import type { CommitmentEvent } from './commitment/commitment.ts';
import type { CommitmentState } from './commitment/state.ts';
import type { Actor, RecordedEvent } from './event.ts';
import type { IndicatorEvent, IndicatorState } from './indicator/indicator.ts';
import { Refusals } from './refusal.ts';
import type { TranscribedFrom } from './values.ts';

/** The consistency boundaries: each is a kind of stream, folded by its own `evolve`. */
export interface StateOf {
  agency: AgencyState;
  actionLine: ActionLineState;
  indicator: IndicatorState;
  commitment: CommitmentState;
}
export interface EventOf {
  agency: AgencyEvent;
  actionLine: ActionLineEvent;
  indicator: IndicatorEvent;
  commitment: CommitmentEvent;
}
export type Category = keyof StateOf;

/** `agency-UNDP`, `commitment-0199...`: what a use case may ask to know about. */
export type StreamName = `${Category}-${string}`;

/** How a kind of stream becomes a state, and what a command to it is answered with. */
export interface StreamType<State, Event extends RecordedEvent> {
  category: Category;
  initial: State;
  evolve(state: State, event: Event): State;
  /** The thing that an event made or changed, and its status after it. */
  subject(state: State, event: Event): { id: string; status: string };
}

/** States of other streams, folded from the log; undefined where a stream has no event. They may be milliseconds old. */
export interface Facts {
  agency(code: string): AgencyState | undefined;
  actionLine(code: string): ActionLineState | undefined;
  indicator(code: string): IndicatorState | undefined;
  commitment(id: string): CommitmentState | undefined;
}

/** Everything a decision may rest on beside the command and the state of its own stream. */
export interface Context {
  actor: Actor;
  /** Calendar date. */
  occurredOn: string;
  /** Calendar date, UTC. */
  today: string;
  transcribedFrom?: TranscribedFrom | undefined;
  facts: Facts;
  /** A UUID that is the same whenever the same command is sent; a label for each thing that is made. */
  newId(label: string): string;
}

/** What `decide` returns: type and data; everything else of an event is added by who appends it. */
export type Decided<Event extends RecordedEvent = RecordedEvent> = Event extends RecordedEvent
  ? { type: Event['type']; data: Event['data'] }
  : never;

/** One thing that can be done: what it takes, which stream it belongs to, and what it decides. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any use case, whatever it takes, goes into one list of them
export interface UseCase<Command = any, State = any> {
  /** `SubmitProgress` */
  name: string;
  category: Category;
  /** Path parameters, the stream's own among them. */
  path: z.ZodObject;
  body: z.ZodObject;
  /** The stream it is decided in. */
  stream(command: Command, newId: Context['newId']): StreamName;
  /** Streams whose states it wants as facts; at most 300. */
  needs(command: Command, state: State): StreamName[];
  /** @returns at least one event. @throws DomainError */
  decide(command: Command, state: State, context: Context): Decided[];
}

/** Path parameters and body taken together. */
type CommandOf<Path extends z.ZodObject, Body extends z.ZodObject> = Fields<z.output<Path>> & Fields<z.output<Body>>;
/** An empty object's type would turn every field of the other into never. */
type Fields<T> = T extends Record<string, never> ? unknown : T;

/**
 * Declares a use case. The command it decides on is path parameters and body taken together.
 * Unless told otherwise it is decided in the stream that the path names by `id` or `code`, and needs no facts.
 */
export function useCase<C extends Category, Path extends z.ZodObject, Body extends z.ZodObject>(definition: {
  name: string;
  category: C;
  path: Path;
  body: Body;
  stream?: (command: CommandOf<Path, Body>, newId: Context['newId']) => StreamName;
  needs?: (command: CommandOf<Path, Body>, state: StateOf[C]) => StreamName[];
  decide: (command: CommandOf<Path, Body>, state: StateOf[C], context: Context) => Decided<EventOf[C]>[];
}): UseCase<CommandOf<Path, Body>, StateOf[C]> {
  return {
    stream: (command) => `${definition.category}-${streamIdOf(command)}`,
    needs: () => [],
    ...definition,
  };
}

function streamIdOf(command: unknown): string {
  const { id, code } = command as { id?: string; code?: string };
  return (id ?? code)!;
}

/** What rules every command, then the use case's own decision. */
export function decide<Command, State>(useCase: UseCase<Command, State>, command: Command, state: State, context: Context): Decided[] {
  const wrong = new Refusals();
  if (context.occurredOn > context.today) wrong.add('COMMAND.OCCURRED_IN_FUTURE', '/occurredOn');
  if (context.transcribedFrom && context.actor.role !== 'secretariat')
    wrong.add('COMMAND.TRANSCRIBED_BY_SECRETARIAT_ONLY', '/transcribedFrom');
  if (!context.transcribedFrom && context.actor.role === 'secretariat')
    wrong.add('COMMAND.TRANSCRIPTION_NEEDED', '/transcribedFrom');
  const decided = wrong.gather(() => useCase.decide(command, state, context))!;
  wrong.throwIfAny();
  if (decided.length === 0) throw new Error(`${useCase.name} decided nothing`);
  return decided;
}
