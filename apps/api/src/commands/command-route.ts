import { Body, Controller, Headers, HttpCode, Param, Post, Query, Req, Res, UseGuards, type Type } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Actor } from '#domain/event.ts';
import type { UseCase } from '#domain/use-case.ts';
import { PlainDate, TranscribedFrom } from '#domain/values.ts';
import { Access, CurrentActor } from '#platform/access.guard.ts';
import { Problem } from '#platform/problem.ts';
import { CommandExecutor, type CommandRequest } from './command-executor.ts';
import { CommandsAtWork, WhileNotFull } from './commands-at-work.ts';
import type { CommandAccess } from './command-access.ts';
import { ETAG_IN_OPEN_API } from '../etag.ts';
import { nameAs } from '../name-as.ts';
import type { CommandAnswer } from '../streams.ts';

/** A row of the surface: what a use case is reached by, who may, and how it is answered. */
export interface CommandRoute {
  useCase: UseCase;
  path: string;
  access: CommandAccess;
  controller: Type;
  handler: Type<ICommandHandler>;
}

export const CommandAnswerSchema = z.object({
  id: z.string().describe('The thing that was made or changed'),
  revision: z.int().describe('Of the record after the command; also the ETag'),
  position: z.int().describe('In the log; give it as minPosition to read what you wrote'),
  status: z.string().describe('Of the thing after the command'),
});

/** Makes of one row a controller, its `@nestjs/cqrs` command and the command's handler. */
export function commandRoute(useCase: UseCase, path: string, access: CommandAccess): CommandRoute {
  class Message extends Command<CommandAnswer> {
    constructor(readonly request: CommandRequest) {
      super();
    }
  }
  nameAs(Message, useCase.name);

  @CommandHandler(Message)
  class Handler implements ICommandHandler<Message> {
    constructor(
      private readonly atWork: CommandsAtWork,
      private readonly executor: CommandExecutor,
    ) {}

    execute({ request }: Message): Promise<CommandAnswer> {
      return this.atWork.letIn(() => this.executor.run(useCase, access, request));
    }
  }
  nameAs(Handler, `${useCase.name}Handler`);

  const status = access.makes ? 201 : 200;
  const fields = useCase.body.extend(COMMON_FIELDS);
  // A command that needs no field may come without a body.
  const body = fields.safeParse({}).success ? fields.prefault({}) : fields;
  const roles = [access.by].flat();

  @Controller('v1')
  @ApiTags(path.split('/')[0]!)
  class Route {
    constructor(private readonly bus: CommandBus) {}

    @Post(path)
    @HttpCode(status)
    @Access({ by: access.by, orTranscribing: !roles.includes('reviewer') })
    @UseGuards(WhileNotFull)
    @ApiOperation({ operationId: useCase.name, summary: `${sentence(useCase.name)} (${roles.join(', ')})` })
    @ApiBearerAuth()
    @ApiHeader({ name: 'Idempotency-Key', required: true, description: 'Chosen by the caller; the same key again has the effect of once', schema: { type: 'string', maxLength: KEY_LENGTH_MAX, pattern: KEY.source } })
    @ApiHeader({ name: 'If-Match', required: access.ifMatch === 'required', description: 'Revision that the decision rests on, in quotes', schema: { type: 'string', pattern: REVISION.source } })
    @ApiResponse({ status, standardSchema: CommandAnswerSchema, headers: { ...ETAG_IN_OPEN_API, ...(access.makes && LOCATION) } })
    async handle(
      @Param({ schema: useCase.path }) path: Record<string, unknown>,
      @Query({ schema: NO_PARAMETERS }) _query: unknown,
      @Body({ schema: body }) body: CommandRequest['body'],
      @Headers() headers: Record<string, string | undefined>,
      @CurrentActor() actor: Actor,
      @Req() request: FastifyRequest,
      @Res({ passthrough: true }) reply: FastifyReply,
    ): Promise<CommandAnswer> {
      const answer = await this.bus.execute(
        new Message({
          sent: { path: request.params, body: request.body },
          path,
          body,
          actor,
          idempotencyKey: idempotencyKey(headers),
          ifMatch: revisionOf(headers['if-match']),
        }),
      );
      void reply.header('etag', `"${answer.revision}"`);
      if (access.makes) void reply.header('location', locationOf(access.makes, path, answer.id));
      return answer;
    }
  }
  nameAs(Route, `${useCase.name}Route`);

  return { useCase, path, access, controller: Route, handler: Handler };
}

/** What every command may say beside its own fields. */
const COMMON_FIELDS = {
  occurredOn: PlainDate.optional().describe('When it happened; today unless given, never in the future'),
  transcribedFrom: TranscribedFrom.optional().describe('The secretariat alone, and always: the document it transcribes'),
};

/** A parameter that is not known is refused by name: whoever sent it meant something by it. */
const NO_PARAMETERS = z.strictObject({});

const KEY_LENGTH_MAX = 200;
const KEY = /^[\x21-\x7e]+$/;
/** As ETag gives it. */
const REVISION = /^"(\d{1,15})"$/;
const LOCATION = { Location: { description: 'Path at which what was made can be read', required: true, schema: { type: 'string' as const, format: 'uri-reference' } } };

function idempotencyKey(headers: Record<string, string | undefined>): string {
  const key = headers['idempotency-key'];
  if (key !== undefined && key.length <= KEY_LENGTH_MAX && KEY.test(key)) return key;
  const why = key === undefined ? 'is required: it makes a repeated request safe' : `must be 1 to ${KEY_LENGTH_MAX} visible ASCII characters`;
  throw new Problem(400, 'REQUEST.IDEMPOTENCY_KEY', `the header Idempotency-Key ${why}`, {
    errors: [{ pointer: '/idempotency-key', rule: key === undefined ? 'required' : 'format', message: why }],
  });
}

function revisionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined) return undefined;
  const [, revision] = REVISION.exec(ifMatch) ?? [];
  if (revision !== undefined) return Number(revision);
  throw new Problem(400, 'REQUEST.IF_MATCH', 'the header If-Match must be one revision in quotes, as ETag gave it: "3"', {
    errors: [{ pointer: '/if-match', rule: 'format', message: 'must be one revision in quotes' }],
  });
}

function locationOf(template: string, path: Record<string, unknown>, made: string): string {
  return `/v1/${template.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(name === 'made' ? made : path[name])))}`;
}

/** `SubmitProgress` -> `Submit progress` */
function sentence(name: string): string {
  return name.replace(/(?!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
