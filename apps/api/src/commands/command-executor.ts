import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v5 as uuidv5 } from 'uuid';
import type { Actor, NewEvent } from '#domain/event.ts';
import { SCHEMA_VERSION } from '#domain/events.ts';
import { DomainError } from '#domain/refusal.ts';
import { decide, type Category, type Context, type Facts, type StateOf, type StreamName, type UseCase } from '#domain/use-case.ts';
import type { TranscribedFrom } from '#domain/values.ts';
import { faultPoint } from '#platform/fault-point.ts';
import type { ProblemCode } from '#platform/problem-codes.ts';
import { Problem } from '#platform/problem.ts';
import { checkRelation, type CommandAccess } from './command-access.ts';
import { CommandMetrics } from './command-metrics.ts';
import { hashOfRequest } from './request-hash.ts';
import { answerToAppended, Streams, type CommandAnswer, type FoldedStream } from '../streams.ts';
import { today } from '../today.ts';

/** A command: validated, and from whom. */
export interface CommandRequest {
  /** Path parameters and body as they came: a default that is added later must not make another request of a repeat. */
  sent: { path: unknown; body: unknown };
  path: Record<string, unknown>;
  body: Record<string, unknown> & { occurredOn?: string | undefined; transcribedFrom?: TranscribedFrom | undefined };
  actor: Actor;
  idempotencyKey: string;
  /** Revision that the caller read; undefined where no If-Match came. */
  ifMatch: number | undefined;
}

/** Decides once more when somebody else was quicker, so often at most. */
const ATTEMPTS_MAX = 6;

/** The way of every command: load, repeat?, If-Match, may they?, facts, decide, append, answer. */
@Injectable()
export class CommandExecutor {
  /** The last command in hand for each stream that has one. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly streams: Streams,
    private readonly metrics: CommandMetrics,
  ) {}

  /** @throws Problem, DomainError (409), EventStoreError */
  async run(useCase: UseCase, access: CommandAccess, request: CommandRequest): Promise<CommandAnswer> {
    return this.metrics.counted(useCase.name, () => {
      const commandId = uuidv5(`${request.actor.id}\n${request.idempotencyKey}`, COMMANDS);
      const stream = useCase.stream({ ...request.path, ...request.body }, (label) => uuidv5(label, commandId));
      return this.inTurn(stream, () => this.attempt(useCase, access, request, commandId, stream));
    });
  }

  /** Commands to one stream wait for each other here: side by side they would only make one another decide again. */
  private async inTurn<T>(stream: string, run: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(stream) ?? Promise.resolve()).then(run, run);
    this.#turns.set(stream, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(stream) === turn) this.#turns.delete(stream);
    }
  }

  private async attempt(useCase: UseCase, access: CommandAccess, request: CommandRequest, commandId: string, stream: StreamName): Promise<CommandAnswer> {
    const { occurredOn, transcribedFrom, ...body } = request.body;
    const command = { ...request.path, ...body };
    // Under another stream the same key makes another thing; a new stream's own id is in its name already.
    const newId = (label: string) => uuidv5(access.opens ? label : `${stream}/${label}`, commandId);
    const requestHash = hashOfRequest(useCase.name, request.sent);

    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const folded = await this.streams.load(stream);
      const repeated = answerToRepeat(folded, commandId, requestHash);
      if (repeated) return repeated;
      if (folded.revision === 0 && !access.opens) throw unknown(useCase);
      checkRelation(access, request.actor, command, folded.state);
      checkRevision(access, request.ifMatch, folded.revision);

      const context: Context = {
        actor: request.actor,
        today: today(),
        occurredOn: occurredOn ?? today(),
        transcribedFrom,
        facts: await this.facts(useCase.needs(command, folded.state)),
        newId,
      };
      const decided = decideOrNotFound(useCase, command, folded.state, context);
      const metadata = { commandId, requestHash, actor: request.actor, occurredOn: context.occurredOn, transcribedFrom, schemaVersion: SCHEMA_VERSION };
      const events = decided.map(
        (event, index): NewEvent => ({
          ...event,
          id: uuidv5(`${stream}/${index}`, commandId),
          metadata: { ...metadata, salt: randomBytes(16).toString('hex') },
        }),
      );
      faultPoint('api.appending');
      const result = await this.metrics.timedAppend(() => this.streams.append(stream, folded.revision, events));
      faultPoint('api.appended');
      if (result.outcome === 'appended' && events.length === 1) return answerToAppended(stream, folded, events[0]!, result);
      if (result.outcome !== 'conflict') {
        const answer = answerToRepeat(await this.streams.load(stream), commandId, requestHash);
        if (!answer) throw new Error(`${stream} does not hold command ${commandId} after its append`);
        return answer;
      }
    }
    throw new Problem(409, 'COMMAND.CONTENDED', 'others changed the record again and again; try again', { headers: { 'retry-after': '1' } });
  }

  private async facts(needed: readonly StreamName[]): Promise<Facts> {
    if (needed.length > FACTS_MAX) throw new Problem(422, 'REQUEST.INVALID', `a command may rest on ${FACTS_MAX} other records at most`);
    const loaded = await Promise.all(needed.map(async (stream) => [stream, await this.streams.load(stream)] as const));
    const states = new Map(loaded.filter(([, folded]) => folded.revision > 0).map(([stream, folded]) => [stream, folded.state]));
    const known = <C extends Category>(stream: `${C}-${string}`): StateOf[C] | undefined => {
      if (!needed.includes(stream as StreamName)) throw new Error(`the fact ${stream} was not asked for`);
      return states.get(stream as StreamName) as StateOf[C] | undefined;
    };
    return {
      agency: (code) => known(`agency-${code}`),
      actionLine: (code) => known(`actionLine-${code}`),
      indicator: (code) => known(`indicator-${code}`),
      commitment: (id) => known(`commitment-${id}`),
    };
  }
}

/** Namespace of command ids. */
const COMMANDS = '3f0c5a0e-6d0b-5c52-9d0b-1c2b7f3a9e41';
const FACTS_MAX = 300;

function answerToRepeat(folded: FoldedStream, commandId: string, requestHash: string): CommandAnswer | undefined {
  const remembered = folded.commands.get(commandId);
  if (!remembered) return undefined;
  if (remembered.requestHash !== requestHash)
    throw new Problem(422, 'REQUEST.KEY_REUSED', 'this Idempotency-Key was used for another request; a new request needs a new key');
  return remembered.answer;
}

function checkRevision(access: CommandAccess, ifMatch: number | undefined, revision: number): void {
  if (ifMatch === undefined) {
    if (access.ifMatch !== 'required') return;
    throw new Problem(428, 'REQUEST.IF_MATCH_MISSING', 'the decision rests on what was read: send If-Match with the ETag of the record');
  }
  if (ifMatch === revision) return;
  throw new Problem(412, 'REQUEST.STALE_REVISION', `the record is at revision ${revision} now; read it again`, { headers: { etag: `"${revision}"` } });
}

/** What the path names and isn't there is not found; what the body names and isn't there is the decision's refusal. */
function decideOrNotFound(useCase: UseCase, command: unknown, state: unknown, context: Context) {
  try {
    return decide(useCase, command, state, context);
  } catch (error) {
    if (error instanceof DomainError && error.code.endsWith('.UNKNOWN') && error.errors[0]!.pointer === '') throw new Problem(404, error.code, error.message, { cause: error });
    throw error;
  }
}

function unknown(useCase: UseCase): Problem {
  const [code, what] = NOT_FOUND[useCase.category];
  return new Problem(404, code, `there is no such ${what}`);
}

const NOT_FOUND: Record<UseCase['category'], [code: ProblemCode, what: string]> = {
  agency: ['AGENCY.UNKNOWN', 'agency'],
  actionLine: ['ACTION_LINE.UNKNOWN', 'action line'],
  indicator: ['INDICATOR.UNKNOWN', 'indicator'],
  commitment: ['COMMITMENT.UNKNOWN', 'commitment'],
};
