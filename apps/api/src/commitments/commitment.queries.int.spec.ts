import type { RecordedEvent } from '#domain/event.ts';
import { approveTarget } from '#domain/commitment/approve-target.ts';
import { joinCommitment } from '#domain/commitment/join.ts';
import { leaveCommitment } from '#domain/commitment/leave.ts';
import { proposeTarget } from '#domain/commitment/propose-target.ts';
import { raiseFinding } from '#domain/commitment/raise-finding.ts';
import { registerCommitment } from '#domain/commitment/register.ts';
import { publishProgress } from '#domain/commitment/publish-progress.ts';
import { startCommitment } from '#domain/commitment/start.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import { submitProgress } from '#domain/commitment/submit-progress.ts';
import { submitProgressVersion } from '#domain/commitment/submit-progress-version.ts';
import { by, logOf, the } from '#testing/given.ts';
import { catalogue, citiesTarget, content, observation, number, otherOfSecretariat, progress, reviewer, secretariat, text, undesa, undp } from '#testing/scenes.ts';
import { testLedger, type Caller, type TestLedger } from '../ledger.fixture.ts';

const id = the('commitment');
const transcribed = the('commitment', 2);
const draft = the('commitment', 3);
const transcribedFrom = { document: 'UNDESA submission to CSTD-25', place: 'Analytical overview' };

const log = logOf(
  ...catalogue,
  // By hand: a target, an update that is corrected later, a partner who leaves, a finding without an answer.
  by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content({ actionLines: ['C7-eGov', 'C1'], sdgs: [4, 9], dueOn: '2022-12-31' }) }),
  by(undesa.approver, registerCommitment, { id }),
  by(undesa.approver, startCommitment, { id }),
  by(undp.approver, joinCommitment, { id, agency: 'UNDP' }),
  by(undesa.focalPoint, proposeTarget, { id, content: citiesTarget() }),
  by(undesa.approver, approveTarget, { id, target: the('target'), version: 1 }),
  by(undp.focalPoint, submitProgress, { id, content: progress() }),
  by(undesa.approver, publishProgress, { id, update: the('update'), version: 1 }, { occurredOn: '2022-10-01' }),
  by(undesa.focalPoint, submitProgressVersion, {
    id,
    update: the('update'),
    change: { kind: 'correction', corrects: 1, reason: text('The annex says 145') },
    content: progress({ observations: [observation({ value: number('145') })] }),
  }),
  by(reviewer, raiseFinding, { id, finding: text('No source') }),
  by(undp.approver, leaveCommitment, { id, agency: 'UNDP' }),
  // From a document.
  by(secretariat, submitCommitment, { lead: 'UNDP', content: content({ actionLines: ['C1'] }) }, { transcribedFrom, occurredOn: '2022-01-31' }),
  by(otherOfSecretariat, registerCommitment, { id: transcribed }, { transcribedFrom, occurredOn: '2022-01-31' }),
  // Not registered.
  by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content() }),
);

const asReviewer: Caller = ['reviewer', 'WHO'];
const asLead: Caller = ['focal-point', 'UNDESA'];
const asSecretariat: Caller = ['secretariat', 'UNCTAD'];

let ledger: TestLedger;

beforeAll(async () => {
  ledger = await testLedger(log);
});

afterAll(() => ledger.stop());

test('a draft is told to its agency, reviewers and the secretariat, and is in no list', async () => {
  for (const caller of [asLead, asReviewer, asSecretariat])
    expect((await ledger.get(`commitments/${draft}`, caller)).body).toMatchObject({ id: draft, status: 'submitted', contentVersion: 1, proposal: { status: 'proposed', author: 'undesa-focal-point-1' }, reliance: null, registeredOn: null });
  expect((await ledger.get(`commitments?minPosition=${log.length}`, asReviewer)).body.items.map((item: any) => item.id)).not.toContain(draft);
});

test('what waits is seen by those who may, with its author; others see what is approved', async () => {
  const whole = (await ledger.get(`commitments/${id}`, asLead)).body;
  const seen = (await ledger.get(`commitments/${id}`)).body;
  expect(whole.updates.latest[0]).toMatchObject({ status: 'published', version: 1, proposal: { version: 2, status: 'proposed', author: 'undesa-focal-point-1', content: { observations: [{ value: { low: '145' } }] } } });
  expect(whole.findings).toMatchObject([{ status: 'raised' }]);
  expect(whole.versions).toEqual([{ version: 1, change: { kind: 'new' }, status: 'approved', author: 'undesa-focal-point-1', authorRole: 'focal-point', decidedOn: '2023-06-01' }]);

  expect(seen.updates).toMatchObject({ count: 1, latest: [{ version: 1, proposal: null, versions: [{ version: 1, change: { kind: 'new' }, status: 'approved', decidedOn: '2022-10-01' }] }] });
  expect(seen.findings).toEqual([]);
  expect(JSON.stringify(seen)).not.toMatch(/focal-point-1|145/);
  // Who left is no party any more.
  expect((await ledger.get(`commitments/${id}`, ['focal-point', 'UNDP'])).body).toEqual(seen);
});

test('a commitment is told with the pace of its targets, its lateness and warnings, for the day asked for', async () => {
  const { body } = await ledger.get(`commitments/${id}?on=2022-12-01`);
  expect(body).toMatchObject({
    status: 'active',
    iatiStatus: 2,
    pace: 'behind',
    overdue: false,
    partners: [{ agency: 'UNDP', joinedOn: '2023-06-01', leftOn: '2023-06-01' }],
    targets: [{ version: 1, pace: { pace: 'behind', overall: '75.6', fromBaseline: '49.5', on: '2022-12-01' } }],
    milestones: [{ milestoneId: 'survey-2022', dueOn: '2022-09-30', reachedOn: null, overdue: true }],
    reliance: { leadWithoutAssignment: false, assignment: { actionLine: 'C7-eGov', role: 'lead' } },
    warnings: [{ code: 'SDG_OUTSIDE_MATRIX', message: 'the WSIS-SDG matrix links none of the action lines with SDG 4' }],
    lastUpdateOn: '2022-10-01',
    transcribedFrom: null,
    on: '2022-12-01',
  });
  const listed = (await ledger.get(`commitments?minPosition=${log.length}&on=2022-12-01`)).body.items.find((item: any) => item.id === id);
  expect(listed.milestones).toEqual(body.milestones);
  expect((await ledger.get(`commitments/${id}?on=2023-01-01`)).body).toMatchObject({ pace: 'missed', overdue: true, on: '2023-01-01' });
  expect((await ledger.get(`commitments/${id}?on=2021-01-15`)).body).toMatchObject({ pace: 'no-recent-report', milestones: [{ overdue: false }] });
});

test('what was transcribed says from where, and a lead without assignment is told', async () => {
  expect((await ledger.get(`commitments/${transcribed}`)).body).toMatchObject({
    transcribedFrom,
    registeredOn: '2022-01-31',
    reliance: { leadWithoutAssignment: true },
    warnings: [{ code: 'LEAD_WITHOUT_ASSIGNMENT', message: expect.stringContaining('lead without assignment') }],
  });
});

test('as of a position or an instant it is told as it stood', async () => {
  const events = await eventsOf(id);
  for (const event of events) {
    const asOf = await ledger.get(`commitments/${id}?atPosition=${event.position}`, asReviewer);
    expect(asOf.body).toMatchObject({ revision: event.revision, position: event.position });
    expect(asOf.headers.get('etag')).toBe(`"${event.revision}"`);
  }
  const started = events.find(({ type }) => type === 'CommitmentStarted')!;
  expect((await ledger.get(`commitments/${id}?atPosition=${started.position}`)).body).toMatchObject({ status: 'active', targets: [], partners: [], updates: { count: 0 } });
  expect((await ledger.get(`commitments/${id}?atPosition=${started.position - 1}`)).body).toMatchObject({ status: 'registered' });
  // Before it was registered nobody but those who may see drafts saw it.
  const [submitted] = events;
  expect((await ledger.get(`commitments/${id}?atPosition=${submitted!.position}`)).status).toBe(404);
  expect((await ledger.get(`commitments/${id}?atPosition=${submitted!.position}`, asReviewer)).body.status).toBe('submitted');
  expect((await ledger.get(`commitments/${id}?atPosition=${submitted!.position - 1}`, asReviewer)).status).toBe(404);

  const last = events.at(-1)!;
  expect((await ledger.get(`commitments/${id}?asOf=${last.recordedAt}`, asReviewer)).body.revision).toBe(last.revision);
  const before = new Date(Date.parse(events[0]!.recordedAt) - 1).toISOString();
  expect((await ledger.get(`commitments/${id}?asOf=${before}`, asReviewer)).status).toBe(404);
  // A date means its end.
  expect((await ledger.get(`commitments/${id}?asOf=${last.recordedAt.slice(0, 10)}`, asReviewer)).body.revision).toBe(last.revision);
  expect((await ledger.get(`commitments/${id}?asOf=2021-01-01`, asReviewer)).status).toBe(404);
  expect((await ledger.get(`commitments/${id}?asOf=2021-01-01&atPosition=3`)).body).toMatchObject({ code: 'REQUEST.INVALID_QUERY', errors: [{ pointer: '/atPosition' }] });
});

test('each record under it is had by its id, with the revision of the commitment, and its kind as a list', async () => {
  const { revision } = (await ledger.get(`commitments/${id}`)).body;
  const update = await ledger.get(`commitments/${id}/progress-updates/${the('update')}`);
  expect(update.body).toMatchObject({ id: the('update'), status: 'published', revision, versions: [{ version: 1, content: { observations: [{ value: { low: '146' } }] } }] });
  expect(update.headers.get('etag')).toBe(`"${revision}"`);
  expect((await ledger.get(`commitments/${id}/progress-updates/${the('update')}`, asLead)).body.versions).toMatchObject([{ version: 1 }, { version: 2, status: 'proposed' }]);
  expect((await ledger.get(`commitments/${id}/amendments/1`)).body).toMatchObject({ id: '1', status: 'approved', content: { title: text('E-Government Survey 2022') } });
  expect((await ledger.get(`commitments/${id}/targets`)).body).toMatchObject({ items: [{ id: the('target') }], next: null, revision });
  expect((await ledger.get(`commitments/${id}/findings`)).body.items).toEqual([]);
  expect((await ledger.get(`commitments/${id}/findings`, asReviewer)).body.items).toMatchObject([{ id: the('finding'), status: 'raised' }]);
});

test('what is not there is told apart from what is malformed', async () => {
  for (const [path, status, code] of [
    [`commitments/${the('nothing')}`, 404, 'COMMITMENT.UNKNOWN'],
    ['commitments/first', 400, 'REQUEST.INVALID_PATH'],
    [`commitments/${id}/targets/${id}`, 404, 'TARGET.UNKNOWN'],
    [`commitments/${id}/progress-updates/${id}`, 404, 'PROGRESS.UNKNOWN'],
    [`commitments/${id}/obstacles/${id}`, 404, 'OBSTACLE.UNKNOWN'],
    [`commitments/${id}/evidence/${id}`, 404, 'EVIDENCE.UNKNOWN'],
    [`commitments/${id}/findings/${the('finding')}`, 404, 'FINDING.UNKNOWN'],
    [`commitments/${id}/amendments/2`, 404, 'VERSION.UNKNOWN'],
    [`commitments/${id}/amendments/0`, 400, 'REQUEST.INVALID_PATH'],
    [`commitments/${id}?on=2022-02-30`, 400, 'REQUEST.INVALID_QUERY'],
    [`commitments/${id}?asOf=yesterday`, 400, 'REQUEST.INVALID_QUERY'],
  ] as const)
    expect({ path, ...(await ledger.get(path)) }).toMatchObject({ path, status, body: { code } });
});

test('pages of a list under it come once each, and belong to it alone', async () => {
  const { items, next } = (await ledger.get(`commitments/${id}/amendments?limit=1`)).body;
  expect({ versions: items.map((item: any) => item.id), next }).toEqual({ versions: ['1'], next: null });
  const many = await ledger.get(`commitments/${transcribed}/targets?limit=1`);
  expect(many.body).toMatchObject({ items: [], next: null });
  expect((await ledger.get(`commitments/${id}/targets?cursor=abc`)).body.code).toBe('REQUEST.CURSOR');
});

async function eventsOf(commitment: string): Promise<RecordedEvent[]> {
  return ledger.store.readStream(`commitment-${commitment}`);
}
