import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Actor, RecordedEvent } from '#domain/event.ts';
import { eventType, SCHEMA_VERSION } from '#domain/events.ts';
import { streams } from '#domain/streams.ts';
import { decide, type Category, type Decided, type Facts, type StateOf, type StreamName, type StreamType, type UseCase } from '#domain/use-case.ts';
import type { TranscribedFrom } from '#domain/values.ts';

/** A command as somebody sends it. */
export interface SentCommand<State = unknown> {
  useCase: UseCase<never, State>;
  /** Path parameters and body together, as JSON: parsed by the use case's own schemas. */
  command: object;
  actor: Actor;
  /** When it is sent: ISO 8601 instant. Its calendar date is today. */
  at: string;
  /** Today unless given. */
  occurredOn?: string | undefined;
  transcribedFrom?: TranscribedFrom | undefined;
  /** Idempotency-Key: the same key makes the same ids. */
  key: string;
  /** Makes the ids of new things instead of the key. */
  newId?: (label: string) => string;
}

export interface Decision<State = unknown> {
  stream: StreamName;
  /** Before the decision. */
  state: State;
  decided: Decided[];
}

/**
 * The whole ledger without a database: what the API does with a command, on a log that is a list. It is stricter than
 * the API, so that tests notice what runs would only notice late: states are frozen, facts that a use case did not ask
 * for throw, and an event that its own schema would refuse, or that JSON would change, throws.
 */
export class LedgerInMemory {
  readonly log: RecordedEvent[] = [];
  readonly #states = new Map<string, unknown>();
  readonly #revisions = new Map<string, number>();
  readonly #ids: Record<Category, string[]> = { agency: [], actionLine: [], indicator: [], commitment: [] };

  /** The state of a stream; undefined where it has no event. */
  stateOf<C extends Category>(category: C, id: string): StateOf[C] | undefined {
    return this.#states.get(`${category}-${id}`) as StateOf[C] | undefined;
  }

  revisionOf(stream: string): number {
    return this.#revisions.get(stream) ?? 0;
  }

  /** Ids of the streams of a category, in the order of their first events. */
  idsOf(category: Category): readonly string[] {
    return this.#ids[category];
  }

  /** @throws DomainError when it is refused; ZodError when the command is not one; Error when the use case is wrong. */
  decide<State>(sent: SentCommand<State>): Decision<State> {
    const { useCase, actor, at, transcribedFrom } = sent;
    const command = parseCommand(useCase, sent.command);
    const newId = sent.newId ?? ((label: string) => uuidV5(commandIdOf(sent), label));
    const stream = useCase.stream(command, newId);
    const state = (this.#states.get(stream) ?? streams[useCase.category].initial) as State;
    const facts = this.#facts(useCase.name, useCase.needs(command, state));
    const today = at.slice(0, 10);
    const decided = decide(useCase, command, state, { actor, occurredOn: sent.occurredOn ?? today, today, transcribedFrom, facts, newId });
    for (const event of decided) refuseUnfit(useCase, event);
    return { stream, state, decided };
  }

  /** Decides and records. @returns the events as recorded */
  run(sent: SentCommand): RecordedEvent[] {
    const { stream, decided } = this.decide(sent);
    const commandId = commandIdOf(sent);
    const requestHash = createHash('sha256').update(JSON.stringify([sent.useCase.name, sent.command])).digest('hex');
    const { actor, transcribedFrom, at } = sent;
    const metadata = { commandId, requestHash, actor, occurredOn: sent.occurredOn ?? at.slice(0, 10), schemaVersion: SCHEMA_VERSION, ...(transcribedFrom && { transcribedFrom }) };
    return decided.map(({ type, data }, index) => {
      const id = uuidV5(commandId, `${stream} ${index}`);
      const salt = createHash('sha256').update(id).digest('hex').slice(0, 32);
      return this.#record(stream, { id, type, data: throughJson(data), metadata: { ...metadata, salt } }, at);
    });
  }

  #record(stream: string, event: Pick<RecordedEvent, 'id' | 'type' | 'data' | 'metadata'>, at: string): RecordedEvent {
    const previous = this.log.at(-1);
    const recorded = deepFreeze({
      ...event,
      stream,
      revision: this.revisionOf(stream) + 1,
      position: (previous?.position ?? 0) + 1,
      recordedAt: previous && previous.recordedAt > at ? previous.recordedAt : at,
    });
    const { category, initial, evolve } = streamTypeOf(stream);
    if (recorded.revision === 1) this.#ids[category].push(stream.slice(category.length + 1));
    this.#states.set(stream, deepFreeze(evolve(this.#states.get(stream) ?? initial, recorded)));
    this.#revisions.set(stream, recorded.revision);
    this.log.push(recorded);
    return recorded;
  }

  #facts(useCase: string, needs: readonly StreamName[]): Facts {
    const fact = <C extends Category>(category: C) => (id: string): StateOf[C] | undefined => {
      if (!needs.includes(`${category}-${id}`)) throw new Error(`${useCase} looks at ${category}-${id}, which it did not ask for`);
      return this.stateOf(category, id);
    };
    return { agency: fact('agency'), actionLine: fact('actionLine'), indicator: fact('indicator'), commitment: fact('commitment') };
  }
}

/** What some events of one stream fold to. */
export function fold<C extends Category>(category: C, events: readonly RecordedEvent[]): StateOf[C] {
  const { initial, evolve } = streams[category] as unknown as StreamType<StateOf[C], RecordedEvent>;
  return events.reduce((state, event) => evolve(state, event), initial);
}

/** UUIDv5 (RFC 9562) of a name in a namespace, so that ids are the same in every run. */
export function uuidV5(namespace: string, name: string): string {
  const hash = createHash('sha1').update(Buffer.from(namespace.replaceAll('-', ''), 'hex')).update(name).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const COMMANDS = '9b0b1d1c-6c9a-5a55-8f0e-0d4f6a5f5a10';

function commandIdOf({ actor, key }: SentCommand): string {
  return uuidV5(COMMANDS, `${actor.id} ${key}`);
}

/** As the API does: path parameters by one schema, the rest by the body's, unknown fields refused. */
function parseCommand(useCase: UseCase, command: object): never {
  const entries = Object.entries(command);
  // Paths are text.
  const path = useCase.path.parse(Object.fromEntries(entries.filter(([name]) => name in useCase.path.shape).map(([name, value]) => [name, String(value)])));
  const body = useCase.body.parse(Object.fromEntries(entries.filter(([name]) => !(name in useCase.path.shape))));
  return deepFreeze({ ...path, ...body }) as never;
}

function refuseUnfit(useCase: UseCase, { type, data }: Decided): void {
  const known = eventType(type);
  if (known?.category !== useCase.category) throw new Error(`${useCase.name} decided ${type}, which is no event of a ${useCase.category}`);
  const json = throughJson(data);
  if (!isDeepStrictEqual(throughJson(known.data.parse(json)), json)) throw new Error(`${useCase.name} decided ${type} with data that reading changes`);
}

function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function streamTypeOf(stream: string): StreamType<unknown, RecordedEvent> {
  return streams[stream.slice(0, stream.indexOf('-')) as Category] as unknown as StreamType<unknown, RecordedEvent>;
}

/** What is frozen already holds nothing that is not. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
