import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PublisherModule } from '../../apps/publisher/src/publisher.module.ts';
import { startReporting } from '../../apps/reporting/src/app.ts';
import { exampleBodies } from '../../apps/api/src/commands/examples.ts';
import type { CloudEvent } from '#contracts/published.ts';
import { startBroker, type Broker } from '#messaging/publisher.fixture.ts';
import { createHttpApp, listen } from '#platform/http-app.ts';
import { until } from '#testing/until.ts';
import { startLedger, stores, type Answer, type Client, type Ledger } from './ledger.ts';

/** One commitment's life, as a focal point, an approver, a reviewer, the public and a downstream service live it. */
let ledger: Ledger;
let broker: Broker;
let publisher: NestFastifyApplication;
let reporting: NestFastifyApplication;
let reportingUrl: string;
let focalPoint: Client;
let approver: Client;
let reviewer: Client;
let outsider: Client;

describe.each(stores)('with the log in %s', (store) => {
  beforeAll(async () => {
    [ledger, broker] = await Promise.all([startLedger(store), startBroker()]);
    const settings = { ...ledger.settings, KAFKA_BROKERS: broker.brokers };
    publisher = await createHttpApp(PublisherModule.of(settings), settings);
    await listen(publisher, settings);
    reporting = await startReporting({ ...settings, API_URL: ledger.url });
    reportingUrl = await reporting.getUrl();

    focalPoint = await ledger.as('focal-point', 'UNDP');
    approver = await ledger.as('approver', 'UNDP');
    reviewer = await ledger.as('reviewer', 'UNESCO');
    outsider = await ledger.as('approver', 'ITU');
    const administrator = await ledger.as('administrator', 'UNCTAD');
    const itu = { code: 'ITU', names: { en: 'International Telecommunication Union' }, kind: 'un-entity' };
    for (const [path, body] of [
      ['agencies', exampleBodies['RegisterAgency']],
      ['agencies', itu],
      ['action-lines', exampleBodies['DefineActionLine']],
      ['indicators', exampleBodies['DefineIndicator']],
    ] as const) accepted(await administrator.post(path, body));
  }, 120_000);

  afterAll(async () => {
    await reporting?.close();
    await publisher?.close();
    await broker?.stop();
    await ledger?.stop();
  }, 60_000);

  test('from submission to dispute: who sees what, when, and in which order', async () => {
    // Drafted, returned, drafted again: seen by the agency, reviewers and the secretariat alone.
    const submitted = accepted(await focalPoint.post('commitments', exampleBodies['SubmitCommitment']));
    const { id } = submitted;
    const path = `commitments/${id}`;
    expect((await ledger.anyone.get(path)).status).toBe(404);
    expect((await outsider.get(path)).status).toBe(404);
    for (const insider of [focalPoint, approver, reviewer]) expect((await insider.get(path)).body.status).toBe('submitted');
    expect((await approver.get(`tasks?minPosition=${submitted.position}`)).body.items).toEqual([expect.objectContaining({ commitmentId: id, kind: 'commitment' })]);

    const returned = accepted(await approver.post(`${path}/return`, exampleBodies['ReturnCommitment'], { ifMatch: 1 }));
    const again = accepted(await focalPoint.post(`${path}/resubmit`, exampleBodies['ResubmitCommitment'], { ifMatch: returned.revision }));
    expect(await publicTypes(again.position, id)).toEqual([]);

    // Two people decide at once: one of them is told that the record has changed.
    const decided = await Promise.all([
      approver.post(`${path}/register`, {}, { ifMatch: again.revision }),
      approver.post(`${path}/return`, exampleBodies['ReturnCommitment'], { ifMatch: again.revision }),
    ]);
    expect(decided.map((answer) => answer.status).sort()).toEqual([200, 412]);
    if (decided[0]!.status === 412) {
      const third = accepted(await focalPoint.post(`${path}/resubmit`, exampleBodies['ResubmitCommitment'], { ifMatch: decided[1]!.body.revision }));
      accepted(await approver.post(`${path}/register`, {}, { ifMatch: third.revision }));
    }

    // The same command fifty times at once has the effect of once, and one answer.
    const start = async () => approver.post(`${path}/start`, exampleBodies['StartCommitment'], { ifMatch: await revisionOf(path), key: 'start-once' });
    const starts = await Promise.all(Array.from({ length: 50 }, start));
    expect(new Set(starts.map((answer) => JSON.stringify([answer.status, answer.body]))).size).toBe(1);
    accepted(starts[0]!);

    // Reported, published, corrected.
    const update = accepted(await focalPoint.post(`${path}/progress-updates`, exampleBodies['SubmitProgress']));
    const updatePath = `${path}/progress-updates/${update.id}`;
    expect((await ledger.anyone.get(updatePath)).status).toBe(404);
    expect((await focalPoint.post(`${updatePath}/versions/1/publish`, {}, { ifMatch: update.revision })).status).toBe(403);
    accepted(await approver.post(`${updatePath}/versions/1/publish`, {}, { ifMatch: update.revision }));
    expect((await ledger.anyone.get(updatePath)).body.status).toBe('published');
    accepted(await focalPoint.post(`${updatePath}/versions`, exampleBodies['SubmitProgressVersion'], { ifMatch: await revisionOf(path) }));
    accepted(await approver.post(`${updatePath}/versions/2/publish`, {}, { ifMatch: await revisionOf(path) }));

    // Reviewed.
    accepted(await reviewer.post(`${updatePath}/dispute`, exampleBodies['DisputeProgress'], { ifMatch: await revisionOf(path) }));
    const finding = accepted(await reviewer.post(`${path}/findings`, exampleBodies['RaiseFinding']));
    expect((await ledger.anyone.get(`${path}/findings/${finding.id}`)).status).toBe(404);
    expect((await reviewer.get(`${path}/findings/${finding.id}`)).status).toBe(200);

    // The queries, the matrix and the feed tell the same.
    const seen = { minPosition: String(finding.position) };
    const list = await ledger.anyone.get(`commitments?${query({ actionLine: 'C4', ...seen })}`);
    expect(list.body.items).toEqual([expect.objectContaining({ id, status: 'active' })]);
    const matrix = await ledger.anyone.get(`progress-matrix?${query({ on: '2022-01-31', ...seen })}`);
    expect(matrix.body.cells).toEqual([
      expect.objectContaining({ actionLine: 'C4', agency: 'UNDP', commitments: 1, asLead: 1, asPartner: 0, byStatus: { active: 1 } }),
    ]);
    expect(matrix.body.totals.all).toEqual(expect.objectContaining({ commitments: 1, pledged: [{ currency: 'USD', amount: '1000000' }] }));
    const expected = ['CommitmentRegistered', 'CommitmentStarted', 'ProgressPublished', 'ProgressPublished', 'ProgressDisputed'];
    expect(await publicTypes(finding.position, id)).toEqual(expected);

    // The history: a reviewer reads all of it, the public what is public; both in plain sentences.
    const whole = await reviewer.get(`${path}/history?limit=100`);
    expect(whole.body.items.map((item: any) => item.type)).toEqual(expect.arrayContaining(['CommitmentSubmitted', 'CommitmentReturned', 'FindingRaised']));
    const open = await ledger.anyone.get(`${path}/history?limit=100`);
    expect(open.body.items.map((item: any) => item.type)).toEqual(expected);
    for (const item of whole.body.items) expect(item.summary).toMatch(/^[A-Z][a-z]+ \w/);

    // Kafka has the same events in the same order, and the reporting service made of them what the ledger says.
    const ofCommitment = await until(async () => {
      const events = (await broker.records('wsis.commitment.v1')).map(({ value }) => JSON.parse(value!) as CloudEvent);
      return events.length === expected.length && events;
    }, { deadlineMs: 60_000 });
    expect(ofCommitment.map((event) => event.type)).toEqual(expected.map((type) => `wsis.commitment.${type}.v1`));
    expect(ofCommitment).toEqual((await feed(finding.position)).filter((event) => event.subject === `commitment-${id}`));

    await until(reconciled, { deadlineMs: 60_000 });
    const csv = await (await fetch(`${reportingUrl}/reports/action-lines.csv`)).text();
    expect(csv.split('\r\n').find((line) => line.startsWith('C4,'))).toMatch(/^C4,Capacity building,1,0,1,/);
  }, 180_000);

  test('the reporting service can be emptied and filled again from Kafka alone', async () => {
    await until(reconciled, { deadlineMs: 60_000 });
    const before = await (await fetch(`${reportingUrl}/reports/action-lines.csv`)).text();
    const { token } = await ledger.as('administrator', 'UNCTAD');
    const emptied = await fetch(`${reportingUrl}/reports/rebuild`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    expect(emptied.status).toBe(202);
    await until(reconciled, { deadlineMs: 60_000 });
    expect(await (await fetch(`${reportingUrl}/reports/action-lines.csv`)).text()).toBe(before);
  }, 120_000);
});

function accepted({ status, body }: Answer): { id: string; revision: number; position: number; status: string } {
  expect({ status, problem: status < 300 ? undefined : body }).toEqual({ status: status === 201 ? 201 : 200, problem: undefined });
  return body;
}

async function revisionOf(path: string): Promise<number> {
  return (await reviewer.get(path)).body.revision;
}

async function feed(minPosition: number): Promise<CloudEvent[]> {
  return (await ledger.anyone.get(`feed?${query({ limit: '1000', minPosition: String(minPosition) })}`)).body.items;
}

/** Types of a commitment's events in the feed, in order. */
async function publicTypes(minPosition: number, id: string): Promise<string[]> {
  return (await feed(minPosition)).filter((event) => event.subject === `commitment-${id}`).map((event) => event.type.split('.')[2]!);
}

async function reconciled(): Promise<boolean> {
  const answer = await fetch(`${reportingUrl}/reports/reconciliation`);
  const { equal, topics } = (await answer.json()) as { equal: boolean; topics: { here: { count: number } }[] };
  return equal && topics.some(({ here }) => here.count > 0);
}

function query(parameters: Record<string, string>): string {
  return new URLSearchParams(parameters).toString();
}
