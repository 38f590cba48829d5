import { jointWork } from '#read-model/views/joint-work.fixture.ts';
import { logOf } from '#testing/given.ts';
import { testLedger, type TestLedger } from '../ledger.fixture.ts';

/** Three agencies on three lines; a part and its whole; one that was withdrawn. */
const log = logOf(jointWork);

let ledger: TestLedger;

beforeAll(async () => {
  ledger = await testLedger(log);
});

afterAll(() => ledger.stop());

test('each commitment counts once in each total, and under each of its parties; a part is not pledged beside its whole', async () => {
  const { status, body } = await ledger.get(`progress-matrix?on=2022-12-31&minPosition=${log.length}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ asOf: null, on: '2022-12-31', position: log.length });
  expect(body.lines.map((line: any) => line.code)).toEqual(['C1', 'C4', 'C7-eGov']);
  expect(body.agencies.map((agency: any) => agency.code)).toEqual(['FAO', 'ITU', 'UNDESA', 'UNDP']);

  // 500 million and 1.50 as a whole, 100 million as a part of it, 7, and 9 that will not come.
  expect(body.totals.all).toEqual({
    commitments: 4,
    byStatus: { registered: 3, withdrawn: 1 },
    byPace: { behind: 1, 'not-assessable': 1 },
    overdue: 0,
    lastUpdateOn: '2022-10-01',
    pledged: [{ currency: 'CHF', amount: '1.5' }, { currency: 'USD', amount: '500000007' }],
  });
  const line = (code: string) => body.totals.byLine.find((total: any) => total.actionLine === code);
  expect(line('C4')).toMatchObject({ commitments: 2, pledged: [{ currency: 'CHF', amount: '1.5' }, { currency: 'USD', amount: '500000000' }] });
  expect(line('C7')).toEqual({ ...line('C7-eGov'), actionLine: 'C7' });
  expect(body.totals.byLine.map((total: any) => total.actionLine)).toEqual(['C1', 'C4', 'C7-eGov', 'C7']);

  const agency = (code: string) => body.totals.byAgency.find((total: any) => total.agency === code);
  expect(agency('UNDP')).toMatchObject({ commitments: 3, asLead: 2, asPartner: 1, pledged: [{ currency: 'CHF', amount: '1.5' }, { currency: 'USD', amount: '500000000' }] });
  expect(agency('ITU')).toMatchObject({ commitments: 1, asLead: 0, asPartner: 1, pledged: [] });

  const cells = body.cells.map((cell: any) => [cell.actionLine, cell.agency, cell.commitments, cell.asLead, cell.asPartner]);
  expect(cells).toEqual([
    ['C1', 'ITU', 1, 0, 1],
    ['C1', 'UNDP', 1, 1, 0],
    ['C4', 'ITU', 1, 0, 1],
    ['C4', 'UNDP', 2, 2, 0],
    ['C7-eGov', 'UNDESA', 2, 2, 0],
    ['C7-eGov', 'UNDP', 2, 1, 1],
  ]);
});

test('lateness and pace are those of the day', async () => {
  const on = async (day: string) => (await ledger.get(`progress-matrix?on=${day}&minPosition=${log.length}`)).body.totals.all;
  expect((await on('2022-06-30')).overdue).toBe(0);
  // One was due by then, and was withdrawn at the end of the year, when the others fell due.
  expect((await on('2022-07-01')).overdue).toBe(1);
  expect((await on('2022-12-31')).overdue).toBe(0);
  expect((await on('2023-01-01')).overdue).toBe(3);
  expect((await on('2023-01-01')).byPace).toEqual({ missed: 1, 'not-assessable': 1 });
  expect((await on('2021-07-20')).lastUpdateOn).toBeNull();
});

test('as of an instant it counts what the ledger knew, and equals the present where nothing has changed since', async () => {
  const events = await ledger.store.readAll(0, 1_000);
  const { asOf: _, ...now } = (await ledger.get(`progress-matrix?on=2022-12-31&minPosition=${log.length}`)).body;
  const { asOf, ...then } = (await ledger.get(`progress-matrix?on=2022-12-31&asOf=${events.at(-1)!.recordedAt}`)).body;
  expect(asOf).toBe(events.at(-1)!.recordedAt);
  expect(then).toEqual(now);

  const before = new Date(Date.parse(events[0]!.recordedAt) - 1).toISOString();
  expect((await ledger.get(`progress-matrix?asOf=${before}`)).body).toMatchObject({ position: 0, lines: [], agencies: [], cells: [], totals: { byLine: [], byAgency: [], all: { commitments: 0, byStatus: {}, pledged: [] } } });
});

test('an agency and a line tell the same figures', async () => {
  const { totals } = (await ledger.get(`progress-matrix?on=2022-12-31&minPosition=${log.length}`)).body;
  for (const { agency, ...figures } of totals.byAgency) expect((await ledger.get(`agencies/${agency}?on=2022-12-31`)).body.figures).toEqual(figures);
  for (const { actionLine, ...figures } of totals.byLine.filter((total: any) => total.actionLine !== 'C7'))
    expect((await ledger.get(`action-lines/${actionLine}?on=2022-12-31`)).body.figures).toEqual(figures);
});
