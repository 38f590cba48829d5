import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { problemCodes, type ProblemCode } from '#platform/problem-codes.ts';
import { exampleBodies } from './commands/examples.ts';
import { commandRoutes } from './commands/command-routes.ts';

/** Serves the description at /openapi.json (OpenAPI 3.1) and a page to read it at /docs. */
export function serveOpenApi(app: NestFastifyApplication): void {
  const document = describeApi(app);
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Action Line Ledger',
    swaggerOptions: { docExpansion: 'list', operationsSorter: 'method', tagsSorter: 'alpha' },
  });
}

/** Every path with its schemas, errors, security and examples. */
export function describeApi(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Action Line Ledger')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'OpenID Connect token with the claims sub, agency and role' })
    .build();
  const document = SwaggerModule.createDocument(app, config);
  for (const path of Object.keys(document.paths)) if (!path.startsWith('/v1/')) delete document.paths[path];
  addProblems(document);
  addBodies(document);
  describeLists(document);
  describeFeed(document);
  return document;
}

const DESCRIPTION = `Commitments and progress on the WSIS action lines, kept as events.

Commands are POST with an \`Idempotency-Key\`; where the decision rests on what was read they take \`If-Match\` with the
record's ETag. They answer \`{ id, revision, position, status }\`; give the position as \`minPosition\` to a query to
read what you wrote. A field or parameter that is not known here is refused by name, and so is one that comes twice.
Errors are \`application/problem+json\` with a stable \`code\`.`;

const ProblemSchema = z
  .object({
    type: z.string().describe('/problems/{code}: what is there tells the rule'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(problemCodes) as ProblemCode[]).describe('Stable'),
    errors: z
      .array(z.object({ pointer: z.string().describe('RFC 6901, into what was sent'), rule: z.string(), message: z.string() }))
      .optional()
      .describe('Everything that is wrong, not the first alone'),
  })
  .meta({ description: 'RFC 9457' });

/** Which errors a method may answer with; each is told in words once, as a shared response. */
const PROBLEMS: Record<number, string> = {
  400: 'The request is malformed: path, query, headers or JSON syntax',
  401: 'A bearer token is needed, or is not accepted',
  403: 'The role or the agency of the token may not do this',
  404: 'There is no such thing, or it may not be seen yet',
  408: 'The request did not arrive in time',
  409: 'The decision was refused; `code` names the rule',
  412: 'If-Match is not the present revision: read again',
  413: 'The body is larger than 1 MiB, or an event than 256 KiB',
  414: 'A part of the path is longer than 100 characters',
  415: 'Bodies are application/json',
  422: 'The body breaks its schema, or the Idempotency-Key was used for another request',
  428: 'If-Match is needed here',
  429: 'Too many requests; see Retry-After',
  431: 'The headers are larger than 16 KiB together',
  500: 'Something went wrong on our side; the detail names the request',
  503: 'Not just now; see Retry-After and repeat with the same Idempotency-Key',
};
const OF_QUERIES = [400, 401, 403, 404, 408, 414, 429, 431, 500, 503];

function addProblems(document: OpenAPIObject): void {
  const components = (document.components ??= {});
  const { $schema: _, ...schema } = z.toJSONSchema(ProblemSchema);
  components.schemas = { ...components.schemas, Problem: schema as never };
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  components.responses = Object.fromEntries(Object.entries(PROBLEMS).map(([status, description]) => [`Problem${status}`, { description, content }]));
  for (const methods of Object.values(document.paths)) {
    for (const [method, operation] of Object.entries(methods as Record<string, { responses?: Record<string, object> }>)) {
      // What an operation tells of an error of its own is its meaning alone.
      for (const [status, own] of Object.entries(operation.responses ?? {})) if (Number(status) >= 400) Object.assign(own, { content });
      const statuses = method === 'post' ? Object.keys(PROBLEMS).map(Number) : OF_QUERIES;
      const problems = statuses.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]);
      operation.responses = { ...operation.responses, ...Object.fromEntries(problems) };
    }
  }
}

/** The example of each command, and that a command without a field that is needed may come without a body. */
function addBodies(document: OpenAPIObject): void {
  const names = new Set(commandRoutes.map(({ useCase }) => useCase.name));
  for (const methods of Object.values(document.paths)) {
    const operation = methods.post as { operationId?: string; requestBody?: { required?: boolean; content: Record<string, { schema: { required?: string[] } }> } } | undefined;
    const json = operation?.requestBody?.content['application/json'];
    if (!operation?.operationId || !json || !names.has(operation.operationId)) continue;
    Object.assign(json, { example: exampleBodies[operation.operationId] });
    operation.requestBody!.required = (json.schema.required ?? []).length > 0;
  }
}

/** Several values of a query parameter are separated by commas, and not given under its name again and again. */
function describeLists(document: OpenAPIObject): void {
  const operations = Object.values(document.paths).flatMap(({ get }) => get ?? []);
  for (const parameter of operations.flatMap(({ parameters }) => (parameters ?? []) as { schema: { type?: string }; style?: string; explode?: boolean }[]))
    if (parameter.schema.type === 'array') Object.assign(parameter, { style: 'form', explode: false });
}

/** Nest gives every media type of an answer the same schema. */
function describeFeed(document: OpenAPIObject): void {
  const feed = document.paths['/v1/feed']!.get!.responses as Record<string, { content: Record<string, object> }>;
  feed['200']!.content['text/event-stream'] = { schema: { type: 'string', description: 'Server-sent events: `id` is the sequence of an event, `data` the event as in `items`' } };
}
