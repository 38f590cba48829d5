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

  const partner = { code: 'ITU', names: { en: 'International Telecommunication Union' }, kind: 'un-entity' };
  await (await ledger.as('administrator', 'UNCTAD')).post('agencies', partner);

  for (const [name, role, agency, params = {}] of story) {
    const { path, access, useCase } = commandRoutes.find((route) => route.useCase.name === name)!;
    const filled = path.replace(/:(\w+)/g, (_, param: string) => resolve(params[param] ?? param, ids));
    const record = filled.split('/').slice(0, 2).join('/');
    const body = substituted(exampleBodies[name], ids);
    const ifMatch = access.opens ? undefined : revisions.get(record);
    const where = `${name} at ${filled}`;

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
    ids[params.as ?? ''] = answer.body.id;
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
});

/** Command, who gives it, and path parameters: `$x` is the id answered to the step `as: 'x'`. */
const story: [name: string, role: Role, agency: string, params?: Record<string, string>][] = [
  ['RegisterAgency', 'administrator', 'UNCTAD'],
  ['RenameAgency', 'administrator', 'UNCTAD', { code: 'UNDP' }],
  ['DefineActionLine', 'administrator', 'UNCTAD'],
  ['RetitleActionLine', 'administrator', 'UNCTAD', { code: 'C4' }],
  ['SetSdgLinks', 'administrator', 'UNCTAD', { code: 'C4' }],
  ['AssignFacilitator', 'administrator', 'UNCTAD', { code: 'C4' }],
  ['RelieveFacilitator', 'administrator', 'UNCTAD', { code: 'C4' }],
  ['DefineIndicator', 'focal-point', 'UNDP'],
  ['ReviseIndicator', 'focal-point', 'UNDP', { code: 'UNDP.labs' }],

  ['SubmitCommitment', 'focal-point', 'UNDP', { as: 'successor' }],
  ['RegisterCommitment', 'approver', 'UNDP', { id: '$successor' }],
  ['SubmitCommitment', 'focal-point', 'UNDP', { as: 'discarded' }],
  ['DiscardCommitment', 'focal-point', 'UNDP', { id: '$discarded' }],
  ['SubmitCommitment', 'focal-point', 'UNDP', { as: 'withdrawn' }],
  ['RegisterCommitment', 'approver', 'UNDP', { id: '$withdrawn' }],
  ['WithdrawCommitment', 'approver', 'UNDP', { id: '$withdrawn' }],
  ['SubmitCommitment', 'focal-point', 'UNDP', { as: 'superseded' }],
  ['RegisterCommitment', 'approver', 'UNDP', { id: '$superseded' }],
  ['SupersedeCommitment', 'approver', 'UNDP', { id: '$superseded' }],

  ['SubmitCommitment', 'focal-point', 'UNDP', { as: 'id' }],
  ['ReturnCommitment', 'approver', 'UNDP', { id: '$id' }],
  ['ResubmitCommitment', 'focal-point', 'UNDP', { id: '$id' }],
  ['RegisterCommitment', 'approver', 'UNDP', { id: '$id' }],
  ['StartCommitment', 'approver', 'UNDP', { id: '$id' }],
  ['SuspendCommitment', 'approver', 'UNDP', { id: '$id' }],
  ['ResumeCommitment', 'approver', 'UNDP', { id: '$id' }],
  ['JoinCommitment', 'approver', 'ITU', { id: '$id' }],

  ['ProposeTarget', 'focal-point', 'UNDP', { id: '$id', as: 'target' }],
  ['ReturnTarget', 'approver', 'UNDP', { id: '$id', target: '$target', version: '1' }],
  ['ProposeTarget', 'focal-point', 'UNDP', { id: '$id', as: 'target' }],
  ['ApproveTarget', 'approver', 'UNDP', { id: '$id', target: '$target', version: '1' }],
  ['ProposeTargetVersion', 'focal-point', 'UNDP', { id: '$id', target: '$target' }],
  ['ApproveTarget', 'approver', 'UNDP', { id: '$id', target: '$target', version: '2' }],

  ['ProposeAmendment', 'focal-point', 'UNDP', { id: '$id' }],
  ['ReturnAmendment', 'approver', 'UNDP', { id: '$id', version: '3' }],
  ['ProposeAmendment', 'focal-point', 'UNDP', { id: '$id' }],
  ['ApproveAmendment', 'approver', 'UNDP', { id: '$id', version: '4' }],
  ['ReachMilestone', 'focal-point', 'UNDP', { id: '$id', milestone: 'all-labs-open' }],

  ['SubmitProgress', 'focal-point', 'UNDP', { id: '$id', as: 'returned' }],
  ['ReturnProgress', 'approver', 'UNDP', { id: '$id', update: '$returned', version: '1' }],
  ['SubmitProgress', 'focal-point', 'UNDP', { id: '$id', as: 'update' }],
  ['PublishProgress', 'approver', 'UNDP', { id: '$id', update: '$update', version: '1' }],
  ['SubmitProgressVersion', 'focal-point', 'UNDP', { id: '$id', update: '$update' }],
  ['PublishProgress', 'approver', 'UNDP', { id: '$id', update: '$update', version: '2' }],
  ['VerifyProgress', 'reviewer', 'UNESCO', { id: '$id', update: '$update' }],
  ['DisputeProgress', 'reviewer', 'UNESCO', { id: '$id', update: '$update' }],
  ['ResolveDispute', 'reviewer', 'UNESCO', { id: '$id', update: '$update' }],
  ['RetractProgress', 'approver', 'UNDP', { id: '$id', update: '$update' }],

  ['ReportObstacle', 'focal-point', 'UNDP', { id: '$id', as: 'obstacle' }],
  ['ResolveObstacle', 'focal-point', 'ITU', { id: '$id', obstacle: '$obstacle' }],
  ['AttachEvidence', 'focal-point', 'UNDP', { id: '$id', as: 'evidence' }],
  ['FlagEvidence', 'reviewer', 'UNESCO', { id: '$id', evidence: '$evidence' }],
  ['RaiseFinding', 'reviewer', 'UNESCO', { id: '$id', as: 'finding' }],
  ['AnswerFinding', 'approver', 'UNDP', { id: '$id', finding: '$finding' }],
  ['CloseFinding', 'reviewer', 'UNESCO', { id: '$id', finding: '$finding' }],
  ['LeaveCommitment', 'approver', 'ITU', { id: '$id', agency: 'ITU' }],

  ['ClaimCompletion', 'approver', 'UNDP', { id: '$id' }],
  ['DeclineCompletion', 'reviewer', 'UNESCO', { id: '$id' }],
  ['ClaimCompletion', 'approver', 'UNDP', { id: '$id' }],
  ['CloseCommitment', 'reviewer', 'UNESCO', { id: '$id' }],
];

function resolve(value: string, ids: Record<string, string>): string {
  return value.startsWith('$') ? ids[value.slice(1)]! : value;
}

/** The example of superseding names a commitment that this story made. */
function substituted(body: unknown, ids: Record<string, string>): unknown {
  return typeof body === 'object' && body !== null && 'by' in body ? { ...body, by: ids['successor'] } : body;
}

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
