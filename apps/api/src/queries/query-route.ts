import { applyDecorators, Controller, Get, Header, Param, Query as QueryParameters, Res, type Type } from '@nestjs/common';
import { Query, QueryBus, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Actor } from '#domain/event.ts';
import { Access, CurrentActor } from '#platform/access.guard.ts';
import { ETAG_IN_OPEN_API } from '../etag.ts';
import { nameAs } from '../name-as.ts';
import { QuerySources, SharedSources } from './query-sources.ts';

/** A query as it came: validated, and from whom. */
export interface QueryRequest<Path, Parameters> {
  path: Path;
  query: Parameters;
  /** Undefined where no token came. */
  actor: Actor | undefined;
}

export interface QueryRoute {
  name: string;
  path: string;
  answer: z.ZodType;
  controller: Type;
  handler: Type<IQueryHandler>;
}

interface Row<Path extends z.ZodObject, Parameters extends z.ZodObject, Answer extends z.ZodType> {
  /** `GetCommitment`; also names the query on the bus. */
  name: string;
  /** Below /v1. */
  url: string;
  summary: string;
  /** Path parameters. */
  path?: Path;
  /** Query parameters; unknown ones are refused by name. */
  query?: Parameters;
  /** Shape of the answer. One with a `revision` carries it as its ETag, for If-Match. */
  answer: Answer;
  /** Anyone, unless given. */
  by?: Access['by'];
}

/** Makes of one row a controller, its `@nestjs/cqrs` query and the query's handler. */
export function queryRoute<Answer extends z.ZodType, Path extends z.ZodObject = typeof NONE, Parameters extends z.ZodObject = typeof NONE>(
  { name, url, summary, path, query, answer, by = 'anyone' }: Row<Path, Parameters, Answer>,
  answerTo: (request: QueryRequest<z.output<Path>, z.output<Parameters>>, sources: QuerySources) => Promise<z.output<Answer>>,
): QueryRoute {
  type Request = QueryRequest<z.output<Path>, z.output<Parameters>>;

  class Message extends Query<Answered> {
    constructor(readonly request: Request) {
      super();
    }
  }
  nameAs(Message, name);

  @QueryHandler(Message)
  class Handler implements IQueryHandler<Message> {
    constructor(private readonly shared: SharedSources) {}

    async execute({ request }: Message): Promise<Answered> {
      const sources = new QuerySources(this.shared);
      return { answer: await answerTo(request, sources), parked: [...sources.parked] };
    }
  }
  nameAs(Handler, `${name}Handler`);

  const hasRevision = answer instanceof z.ZodObject && 'revision' in answer.shape;

  @Controller('v1')
  @ApiTags(url.split('/')[0]!)
  class Route {
    constructor(private readonly bus: QueryBus) {}

    @Get(url)
    // What is seen depends on who asks and on the day.
    @Header('cache-control', 'no-store')
    @Access({ by })
    @ApiOperation({ operationId: name, summary })
    @TokenInOpenApi(by === 'anyone')
    @ApiResponse({ status: 200, description: summary, standardSchema: answer, headers: { ...(hasRevision && ETAG_IN_OPEN_API), ...PARKED_IN_OPEN_API } })
    async handle(
      @Param({ schema: path ?? NONE }) pathValues: Request['path'],
      @QueryParameters({ schema: query ?? NONE }) queryValues: Request['query'],
      @CurrentActor() actor: Actor | undefined,
      @Res({ passthrough: true }) reply: FastifyReply,
    ): Promise<unknown> {
      const { answer: answered, parked } = await this.bus.execute(new Message({ path: pathValues, query: queryValues, actor }));
      const revision = revisionOf(answered);
      if (revision !== undefined) void reply.header('etag', `"${revision}"`);
      if (parked.length > 0) void reply.header(PARKED_HEADER, parkedAsText(parked));
      return answered;
    }
  }
  nameAs(Route, `${name}Route`);

  return { name, path: url, answer, controller: Route, handler: Handler };
}

interface Answered {
  answer: unknown;
  /** Events that the answer lacks: `commitments_v1@17`, by position. */
  parked: string[];
}

const PARKED_HEADER = 'ledger-parked';
const PARKED_TOLD_MAX = 10;
const PARKED_IN_OPEN_API = {
  'Ledger-Parked': {
    description: `Only where the answer lacks events that the ledger could not read and that an operator parked: view and position of each, ${PARKED_TOLD_MAX} at most, then how many more`,
    schema: { type: 'string', examples: ['commitments_v1@17', 'commitments_v1@17, targets_v1@17, and 3 more'] },
  },
};

function parkedAsText(parked: readonly string[]): string {
  const untold = parked.length - PARKED_TOLD_MAX;
  return [...parked.slice(0, PARKED_TOLD_MAX), ...(untold > 0 ? [`and ${untold} more`] : [])].join(', ');
}

const NONE = z.strictObject({});

/** An empty requirement beside the token: it is welcome, for it may show more, and not needed. */
function TokenInOpenApi(isOptional: boolean): MethodDecorator {
  return isOptional ? applyDecorators(ApiBearerAuth(), ApiSecurity({})) : ApiBearerAuth();
}

function revisionOf(answered: unknown): number | undefined {
  return (answered as { revision?: number }).revision;
}
