import { join } from 'node:path';
import { run } from '../../apps/cli/src/terminal.fixture.ts';
import { startLedger, stores, type Answer, type Client, type Ledger } from './ledger.ts';

/** What an answer holds; the tests say what should be in it. */
type Json = Answer['body'];

/** The real records of deploy/data, entered by `ledger import` and read over HTTP. Every day asked for is named. */
const folder = join(import.meta.dirname, '../../deploy/data');

let ledger: Ledger;
let secretariat: Client;
let imported: { exitCode: number; records: number; accepted: number; wrong: unknown[] };
/** Of the log's end: queries wait for it. */
let head: number;
let commitments: Json[];

describe.each(stores)('with the log in %s', (store) => {
  beforeAll(async () => {
    ledger = await startLedger(store);
    secretariat = await ledger.as('secretariat', 'UNCTAD');
    imported = await importAll();
    head = (await read('feed/summary')).head;
    commitments = (await read(`commitments?limit=100&minPosition=${head}`)).items;
  }, 90_000);

  afterAll(() => ledger.stop());

  test('every record is accepted; entering them once more changes nothing', async () => {
    expect(imported).toMatchObject({ exitCode: 0, accepted: imported.records, refused: 0, skipped: 0, wrong: [] });
    const again = await importAll();
    expect(again).toMatchObject({ exitCode: 0, accepted: 0, repeated: imported.records, wrong: [] });
    expect((await read('feed/summary')).head).toBe(head);
  });

  test('the LOSI target: 75.6 % overall, 49.5 % of the way from 100, and another pace before and after its due date', async () => {
    const { id } = called('E-Government Survey 2022');
    const losiOn = async (on: string) => targetOf(await read(`commitments/${id}?on=${on}`), 'UNDESA.losi-cities').pace;

    const before = await losiOn('2022-12-01');
    expect(before).toMatchObject({
      pace: 'behind', overall: '75.6', fromBaseline: '49.5',
      actual: { value: { low: '146' }, asOf: '2022-09-28' },
      baseline: { value: { low: '100' }, on: '2020-07-10' },
      target: { value: { low: '193' }, dueOn: '2022-12-31' },
    });
    expect(before.formula).toContain('p = (A - B) / (T - B)');
    expect((await losiOn('2022-12-31')).pace).toBe('behind');
    expect(await losiOn('2023-01-01')).toMatchObject({ pace: 'missed', overall: '75.6', fromBaseline: '49.5' });

    // The pilot of 40 cities is an earlier observation, and never the baseline.
    expect((await losiOn('2019-01-01')).actual).toMatchObject({ value: { low: '40' }, asOf: '2018-07-19' });
    expect((await losiOn('2019-01-01')).baseline).toMatchObject({ value: { low: '100' } });
    // The worst target gives the commitment's pace: the twelfth edition itself came out in time.
    const whole = await read(`commitments/${id}?on=2023-01-01`);
    expect(targetOf(whole, 'UNDESA.egov-survey-editions').pace.pace).toBe('achieved');
    expect(whole.pace).toBe('missed');
    expect(whole.milestones).toMatchObject([{ milestoneId: 'survey-2022', reachedOn: '2022-09-28', overdue: false }]);
  });

  test('"nearly 250 in over 80 countries" keeps its qualifiers, ranges keep theirs, and nine countries need no list', async () => {
    const solutions = await read(`commitments/${called('Digital solutions').id}`);
    expect(observationsOf(solutions)).toMatchObject([
      { indicator: 'UNDP.digital-solutions', value: { low: '250', qualifier: 'nearly' }, unit: 'solutions', asOf: '2020-12-31' },
      { indicator: 'UNDP.solution-countries', value: { low: '80', qualifier: 'more than' }, unit: 'countries', asOf: '2020-12-31' },
    ]);
    const tool = await read(`commitments/${called('micro, small and medium').id}`);
    expect(tool.content.beneficiaries).toMatchObject({ countries: [], regions: ['Latin America'], counts: [{ of: 'countries in Latin America', value: { low: '9' } }] });
    const meeting = await read(`commitments/${called('Expert group meeting').id}?on=2020-07-01`);
    expect(targetOf(meeting, 'UNDESA.egm-experts')).toMatchObject({
      content: { value: { low: '14', high: '15', qualifier: 'about' }, baseline: 'unknown' },
      pace: { pace: 'not-assessable' },
    });
  });

  test("the US$ 100 million of the Rapid Financing Facility is part of the US$ 500 million goal, and pledged once", async () => {
    const goal = called('US$ 500 million');
    const facility = await read(`commitments/${called('Rapid Financing Facility').id}`);
    const predecessor = await read(`commitments/${called('Rapid Response Facility').id}`);
    expect(facility.content).toMatchObject({ partOf: goal.id, pledged: [{ amount: '100000000', currency: 'USD' }] });
    expect(predecessor).toMatchObject({ status: 'superseded', content: { partOf: goal.id }, ending: { supersededBy: facility.id } });

    const { totals } = await read('progress-matrix?on=2022-04-01');
    const once = [{ currency: 'USD', amount: '500000000' }];
    expect(plainMoney(totals.all.pledged)).toEqual(once);
    expect(plainMoney(totals.byLine.find((total: Json) => total.actionLine === 'C11').pledged)).toEqual(once);
    expect(plainMoney(totals.byAgency.find((total: Json) => total.agency === 'UNDP').pledged)).toEqual(once);
  });

  test("the Internet Governance Forum's target reads as written until its correction, and as corrected after it", async () => {
    const { id } = called('Internet Governance Forum');
    const history = await historyOf(id, ledger.anyone);
    const instantOf = (type: string, version: number) =>
      history.find((item) => item.type === type && item.summary.includes(`version ${version}`)).recordedAt;

    const asWritten = await read(`commitments/${id}?on=2022-06-01&asOf=${instantOf('TargetApproved', 1)}`);
    expect(asWritten.targets).toMatchObject([{ version: 1, content: { kind: 'qualitative', dueOn: '2021-12-31', text: { text: expect.stringContaining('fourth quarter of 2021') } } }]);
    expect(asWritten).toMatchObject({ contentVersion: 1, content: { dueOn: '2021-12-31' }, overdue: true });

    const corrected = await read(`commitments/${id}?on=2022-06-01&asOf=${instantOf('TargetApproved', 2)}`);
    expect(corrected.targets).toMatchObject([{ version: 2, content: { dueOn: '2022-12-02', text: { text: expect.stringContaining('28 November to 2 December 2022') } } }]);
    expect(corrected.targets[0].versions[1].change).toMatchObject({ kind: 'correction', corrects: 1, reason: { language: 'en' } });
    // Its own dates were corrected by the amendment that came next.
    expect(corrected.content.dueOn).toBe('2021-12-31');
    const now = await read(`commitments/${id}?on=2022-06-01&asOf=${instantOf('CommitmentAmended', 2)}`);
    expect(now).toMatchObject({ contentVersion: 2, content: { dueOn: '2022-12-02' }, overdue: false });
  });

  test("Partner2Connect's series is values over time, the latest of which counts, and never a sum", async () => {
    const { id } = called('Partner2Connect');
    const values = ['18550000000', '28400000000', '36780000000'];
    const whole = await read(`commitments/${id}?on=2024-01-01`);
    expect(observationsOf(whole).map(({ value }) => value.low).sort()).toEqual(values);
    expect(whole.content).toMatchObject({ pledged: [], externalReferences: [{ system: 'partner2connect' }] });

    const actualOn = async (on: string) => targetOf(await read(`commitments/${id}?on=${on}`), 'ITU.partner2connect-pledges').pace.actual?.value.low;
    expect(await actualOn('2022-06-08')).toBeUndefined();
    expect([await actualOn('2022-06-09'), await actualOn('2022-11-01'), await actualOn('2023-12-06')]).toEqual(values);
    expect(targetOf(whole, 'ITU.partner2connect-pledges').pace).toMatchObject({ overall: '36.8', baseline: 'unknown', pace: 'not-assessable' });
    expect(moneyIn(await read('progress-matrix?on=2024-01-01'))).toEqual(['500000000']);
  });

  test('150 million more in extreme poverty is context: shown with the update that tells it, in no target and no total', async () => {
    expect(await read('indicators/UNDP.added-extreme-poor')).toMatchObject({ measures: 'context', sourceClass: 'projection', unit: 'people' });
    const goal = await read(`commitments/${called('US$ 500 million').id}`);
    expect(observationsOf(goal)).toMatchObject([{ indicator: 'UNDP.added-extreme-poor', value: { low: '150000000', provisional: true } }]);
    expect(goal.targets).toEqual([]);

    const { status, body } = await secretariat.post(`commitments/${goal.id}/targets`, {
      transcribedFrom: { document: 'A test', place: 'Here' },
      content: { kind: 'quantitative', indicator: 'UNDP.added-extreme-poor', unit: 'people', baseline: 'unknown', value: { low: '0' }, dueOn: '2030-12-31' },
    });
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'TARGET.CONTEXT_INDICATOR' });
    expect(JSON.stringify(await read('progress-matrix?on=2022-04-01'))).not.toContain('150000000');
  });

  test('the joint commitment of UNDP and ITU counts once in the totals, and once under each of the two', async () => {
    const joint = called('Digital capacity building pillar');
    expect(joint).toMatchObject({ lead: 'UNDP', partners: ['ITU'], actionLines: ['C4'] });
    const { cells, totals } = await read('progress-matrix?on=2022-04-01');
    const ofC4 = commitments.filter(({ actionLines }) => actionLines.includes('C4'));
    expect(totals.byLine.find((total: Json) => total.actionLine === 'C4').commitments).toBe(ofC4.length);
    expect(totals.all.commitments).toBe(commitments.length);
    expect(cells.find((cell: Json) => cell.actionLine === 'C4' && cell.agency === 'ITU')).toMatchObject({ commitments: 1, asLead: 0, asPartner: 1 });
    expect(cells.find((cell: Json) => cell.actionLine === 'C4' && cell.agency === 'UNDP')).toMatchObject({ commitments: ofC4.length, asLead: ofC4.length, asPartner: 0 });

    const listed = async (query: string) => (await read(`commitments?actionLine=C4&limit=100&${query}`)).items.filter(({ id }: Json) => id === joint.id).length;
    expect([await listed(''), await listed('agency=UNDP&as=lead'), await listed('agency=ITU&as=partner'), await listed('agency=ITU&as=lead')]).toEqual([1, 1, 1, 0]);
  });

  test('no history says that an agency did or approved what was transcribed', async () => {
    for (const { id, title } of commitments) {
      const history = await historyOf(id, secretariat);
      const told = history.map(({ summary, actor, transcribedFrom }) => ({
        role: actor.role,
        names: summary.includes(`transcribed from ${transcribedFrom?.document}, ${transcribedFrom?.place}`),
        approvedBy: /approved (?:on behalf of|by|for)/i.test(summary),
      }));
      expect({ title: title.text, told }).toEqual({ title: title.text, told: history.map(() => ({ role: 'secretariat', names: true, approvedBy: false })) });
      // Who entered a version is never who approved it.
      const registered = history.find(({ type }) => type === 'CommitmentRegistered');
      expect(registered.actor.id).not.toBe(history[0].actor.id);
    }
  });

  test('the catalogue: 18 lines, the matrix of 2019 as it stands, and facilitators by date', async () => {
    const facilitatorsOn = async (code: string, on: string) =>
      (await read(`action-lines/${code}?on=${on}`)).facilitators.map(({ agency, role }: Json) => `${agency} ${role}`).sort();
    const { items } = await read('action-lines?limit=100');
    expect(items).toHaveLength(18);
    expect(items.every(({ matrixVersion }: Json) => matrixVersion === '2019')).toBe(true);
    expect(items.find(({ code }: Json) => code === 'C3').sdgs).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
    expect([await facilitatorsOn('C6', '2008-06-01'), await facilitatorsOn('C6', '2022-01-01')]).toEqual([['UNDP lead'], ['ITU lead']]);
    expect(await facilitatorsOn('C7-eEnv', '2010-01-01')).toEqual(['ITU co-facilitator', 'UNEP lead']);
    expect(await facilitatorsOn('C7-eEnv', '2022-01-01')).toEqual(['ITU co-facilitator', 'UNEP co-facilitator', 'WMO lead']);
    expect(await read('indicators/9.c.1')).toMatchObject({ unit: 'percent', max: '100', sourceClass: 'administrative data', measures: 'context' });
    expect(await read('indicators/17.8.1')).toMatchObject({ sourceClass: 'household survey', measures: 'context' });
  });

  test('the brief on digital work is overdue unless reported', async () => {
    const { id } = called('Policy briefs');
    const history = await historyOf(id, ledger.anyone);
    const reported = history.findIndex(({ type, subjectId }) => type === 'MilestoneReached' && subjectId === 'brief-digital-work');
    const briefAt = async (position: number, on: string) =>
      (await read(`commitments/${id}?on=${on}&atPosition=${position}`)).milestones.find(({ milestoneId }: Json) => milestoneId === 'brief-digital-work');
    const unreported = history[reported - 1].position;
    expect(await briefAt(unreported, '2021-09-30')).toMatchObject({ reachedOn: null, overdue: false });
    expect(await briefAt(unreported, '2021-10-01')).toMatchObject({ reachedOn: null, overdue: true });
    expect(await briefAt(history[reported].position, '2021-10-01')).toMatchObject({ reachedOn: '2021-09-17', overdue: false });
  });

  test('every commitment rests on evidence of a known class; a draft paper is marked, and what lies outside the matrix warns', async () => {
    const wholes = await Promise.all(commitments.map(({ id }) => read(`commitments/${id}`)));
    for (const { content, transcribedFrom } of wholes) {
      expect(content.evidence.length).toBeGreaterThan(0);
      expect(transcribedFrom.document).toMatch(/\((agency self-report|event summary|draft of an official paper)\)$/);
    }
    const meeting = wholes.find(({ content }) => content.title.text.startsWith('Expert group meeting'));
    expect(meeting.content.evidence).toMatchObject([{ class: 'official-paper', draft: true, issuer: 'UNDESA' }]);
    expect(meeting.warnings.map(({ code }: Json) => code)).toEqual(Array(7).fill('SDG_OUTSIDE_MATRIX'));
    const zambia = (await read(`commitments/${called('iVerify').id}/evidence`)).items;
    expect(zambia.map(({ evidence, attachedOn }: Json) => [evidence.class, attachedOn])).toEqual([['self-report', '2021-08-12'], ['self-report', '2021-11-28']]);
    const led = wholes.filter(({ warnings }) => warnings.some(({ code }: Json) => code === 'LEAD_WITHOUT_ASSIGNMENT')).map(({ content }) => content.actionLines[0]).sort();
    // UNDP co-facilitates C4 alone.
    expect(led).toEqual(['C11', 'C11', 'C11', 'C6', 'C7-eHea', 'C9']);
  });
});

async function importAll() {
  const { exitCode, out } = await run(['import', folder, '--json'], { API_URL: ledger.url, DATA_DIR: ledger.dataDir });
  return { exitCode, ...JSON.parse(out) };
}

async function read(path: string, client = ledger.anyone): Promise<Json> {
  const { status, body } = await client.get(path);
  expect({ path, status, problem: status === 200 ? undefined : body }).toEqual({ path, status: 200, problem: undefined });
  return body;
}

/** The one commitment whose title holds these words. */
function called(words: string): Json {
  const found = commitments.filter(({ title }) => title.text.includes(words));
  expect({ words, found: found.length }).toEqual({ words, found: 1 });
  return found[0];
}

async function historyOf(id: string, client: Client): Promise<Json[]> {
  const { items, next } = await read(`commitments/${id}/history?limit=1000`, client);
  expect(next).toBeNull();
  return items;
}

function targetOf(commitment: Json, indicator: string): Json {
  return commitment.targets.find(({ content }: Json) => content.indicator === indicator);
}

function observationsOf(commitment: Json): Json[] {
  return commitment.updates.latest.flatMap(({ content }: Json) => content.observations);
}

/** Amounts as written, without the noughts that a sum may carry behind its point. */
function plainMoney(pledged: { currency: string; amount: string }[]): { currency: string; amount: string }[] {
  return pledged.map(({ currency, amount }) => ({ currency, amount: amount.replace(/\.0+$/, '') }));
}

function moneyIn({ totals }: Json): string[] {
  return plainMoney(totals.all.pledged).map(({ amount }) => amount);
}
