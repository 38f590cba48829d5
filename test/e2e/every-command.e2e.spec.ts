import { randomUUID } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { CommandAccess } from '../../apps/api/src/commands/command-access.ts';
import { exampleBodies } from '../../apps/api/src/commands/examples.ts';
import { commandRoutes } from '../../apps/api/src/commands/command-routes.ts';
import { publishedTypes } from '#contracts/json-schemas.ts';
import type { CloudEvent } from '#contracts/published.ts';
import { Role } from '#domain/event.ts';
import { routesOf } from '#platform/routes.ts';
import { startLedger, type Answer, type Ledger } from './ledger.ts';
import { partner, story, toTake } from './story.ts';

/**
 * Gives every command there is, with the example that /openapi.json shows for it, to a running ledger: first by all
 * kinds of people who may not, then by one who may. So each route has its denied and its allowed cases, and the
 * examples work.
 */
let ledger: Ledger;

beforeAll(async () => {
  ledger = await startLedger();
});

afterAll(() => ledger.stop());

test('every command is refused to the wrong people, and accepted from the right ones', async () => {
  const given = new Set<string>();
  const ids: Record<string, string> = {};
  /** Last revision of each stream, by the path that names it. */
  const revisions = new Map<string, number>();

  await (await ledger.as('administrator', 'UNCTAD')).post('agencies', partner);

  for (const step of story) {
    const { route: { path, access, useCase }, role, agency, path: filled, record, body } = toTake(step, ids);
    const ifMatch = access.opens ? undefined : revisions.get(record);
    const where = `${useCase.name} at ${filled}`;

    const nobody = await ledger.anyone.post(filled, body, { ifMatch });
    expect({ where, code: nobody.body.code }).toEqual({ where, code: 'AUTH.TOKEN_MISSING' });
    const draft = filled.startsWith('commitments/') && (await ledger.anyone.get(record)).status === 404;
    const denied = whoMayNot(access, role, agency, draft);
    const codes = await Promise.all(denied.map(async ([other, its]) => (await (await ledger.as(other, its)).post(filled, body, { ifMatch })).body.code));
    expect({ where, denied: denied.map(([other, its], index) => [other, its, codes[index]]) }).toEqual({ where, denied });
    if (draft) await expectHidden(record, ifMatch!);
    if (access.ifMatch === 'required') {
      const blind = await (await ledger.as(role, agency)).post(filled, body);
      expect({ where, code: blind.body.code }).toEqual({ where, code: 'REQUEST.IF_MATCH_MISSING' });
    }

    const answer = await (await ledger.as(role, agency)).post(filled, body, { ifMatch });
    expect({ where, problem: answer.status < 300 ? undefined : answer.body }).toEqual({ where, problem: undefined });
    expect(answer.headers.get('etag')).toBe(`"${answer.body.revision}"`);
    expect(answer.status).toBe(access.makes ? 201 : 200);
    revisions.set(access.opens ? `${path}/${answer.body.id}` : record, answer.body.revision);
    if (access.makes) await expectReadable(answer, await ledger.as(role, agency));
    ids[step[3]?.['as'] ?? ''] = answer.body.id;
    given.add(useCase.name);
  }
  expect(commandRoutes.map((route) => route.useCase.name).filter((name) => !given.has(name))).toEqual([]);
});

test('one Idempotency-Key for two records makes two things, each with an id of its own', async () => {
  const { body } = await ledger.anyone.get('commitments?limit=2');
  const focalPoint = await ledger.as('focal-point', 'UNDP');
  const attach = (id: string) => focalPoint.post(`commitments/${id}/evidence`, exampleBodies['AttachEvidence'], { key: 'attach-here-and-there' });
  const [first, second] = [await attach(body.items[0].id), await attach(body.items[1].id)];
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(first.body.id).not.toBe(second.body.id);
});

test('the feed then holds every public type of event, and each keeps to its committed schema', async () => {
  const { body } = await ledger.anyone.get('feed?limit=1000');
  const validators = new Map(publishedTypes().map(({ type, jsonSchema }) => [type, new Ajv2020({ validateFormats: false }).compile(jsonSchema)]));
  const seen = new Set<string>();
  for (const event of body.items as CloudEvent[]) {
    const validate = validators.get(event.type)!;
    validate(event.data);
    expect({ type: event.type, errors: validate.errors }).toEqual({ type: event.type, errors: null });
    seen.add(event.type);
  }
  expect([...seen].sort()).toEqual([...validators.keys()]);
  expect(body.next).toBe(body.head);
});

test('no route is without access, and every command is in OpenAPI with an example', async () => {
  const open = routesOf(ledger.api).filter((route) => route.access === undefined).map((route) => route.path);
  // Served by Fastify itself, and public: the description and its page.
  expect(open.filter((path) => !/^\/(docs|openapi\.json)/.test(path))).toEqual([]);
  const document = (await (await fetch(`${ledger.url}/openapi.json`)).json()) as any;
  const posts = Object.values<any>(document.paths).flatMap((methods) => (methods.post ? [methods.post] : []));
  expect(posts.map((post) => post.operationId).sort()).toEqual(commandRoutes.map((route) => route.useCase.name).sort());
  for (const post of posts) expect(post.requestBody.content['application/json'].example).toBeDefined();
  const withoutBody = commandRoutes.filter(({ useCase }) => useCase.body.safeParse({}).success).map(({ useCase }) => useCase.name);
  expect(withoutBody).toContain('RegisterCommitment');
  expect(posts.filter((post) => !post.requestBody.required).map((post) => post.operationId).sort()).toEqual(withoutBody.sort());
});

test('every error is described as a problem, and the feed as a stream too', async () => {
  const document = (await (await fetch(`${ledger.url}/openapi.json`)).json()) as any;
  const problems = Object.values<any>(document.paths).flatMap((methods) => Object.values<any>(methods)).flatMap(({ responses }) => Object.entries<any>(responses).filter(([status]) => Number(status) >= 400));
  for (const [status, answer] of problems) {
    const { content } = answer.$ref ? document.components.responses[answer.$ref.split('/').at(-1)] : answer;
    expect({ status, types: Object.keys(content ?? {}) }).toEqual({ status, types: ['application/problem+json'] });
  }
  expect(document.paths['/v1/feed'].get.responses[409]).toMatchObject({ description: expect.stringContaining('FEED.BEYOND_THE_END') });
  expect(document.paths['/v1/feed'].get.responses[200].content).toMatchObject({ 'application/json': { schema: { type: 'object' } }, 'text/event-stream': { schema: { type: 'string' } } });
});

/** All kinds of people who may not, with the code that tells them. ITU is a partner for most of the story. */
function whoMayNot({ by, of }: CommandAccess, role: Role, agency: string, draft: boolean): [role: Role, agency: string, code: string][] {
  const roles: readonly Role[] = [by].flat();
  const review = roles.includes('reviewer');
  const outsiders = !of || role === 'administrator' ? [] : of === 'lead' ? ['WHO', 'ITU'] : ['WHO'];
  return [
    ...Role.options
      .filter((other) => !roles.includes(other))
      // The secretariat may give any command but a reviewer's, naming the document that it transcribes.
      .map((other): [Role, string, string] => [other, agency, other === 'secretariat' && !review ? 'COMMAND.TRANSCRIPTION_NEEDED' : 'AUTH.ROLE_DENIED']),
    ...outsiders.map((outsider): [Role, string, string] => [role, outsider, draft ? 'COMMITMENT.UNKNOWN' : 'AUTH.NOT_YOURS']),
    ...(review ? [['reviewer', 'UNDP', 'REVIEW.OWN_AGENCY'] as [Role, string, string]] : []),
  ];
}

/** Naming itself does not let an outsider find out that there is a draft. */
async function expectHidden(record: string, revision: number): Promise<void> {
  const outsider = await ledger.as('approver', 'WHO');
  const answers = [
    await outsider.post(`${record}/partners`, { agency: 'WHO' }),
    await outsider.post(`${record}/partners/WHO/leave`),
    await outsider.post(`${record}/partners/WHO/leave`, {}, { ifMatch: revision + 1 }),
    await outsider.post(`commitments/${randomUUID()}/partners`, { agency: 'WHO' }),
  ];
  expect(answers.map(({ status, body }) => [status, body.code, body.detail])).toEqual(Array(4).fill([404, 'COMMITMENT.UNKNOWN', 'there is no such commitment']));
}

async function expectReadable(answer: Answer, reader: { get(path: string): Promise<Answer> }): Promise<void> {
  const location = answer.headers.get('location')!;
  const read = await reader.get(`${location.slice('/v1/'.length)}?minPosition=${answer.body.position}`);
  expect({ location, status: read.status }).toEqual({ location, status: 200 });
}
