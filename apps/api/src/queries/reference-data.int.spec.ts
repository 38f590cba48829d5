import { assignFacilitator } from '#domain/action-line/assign-facilitator.ts';
import { defineActionLine } from '#domain/action-line/define.ts';
import { relieveFacilitator } from '#domain/action-line/relieve-facilitator.ts';
import { registerAgency } from '#domain/agency/register.ts';
import { renameAgency } from '#domain/agency/rename.ts';
import { by, logOf } from '#testing/given.ts';
import { administrator, catalogue } from '#testing/scenes.ts';
import { testLedger, type TestLedger } from '../ledger.fixture.ts';

const log = logOf(
  ...catalogue,
  ...['C10', 'C2', 'C7-eBus'].map((code) => by(administrator, defineActionLine, { code, titles: { en: `Line ${code}` } })),
  by(administrator, assignFacilitator, { code: 'C2', agency: 'UNDP', role: 'lead', from: '2003-12-12' }),
  by(administrator, relieveFacilitator, { code: 'C2', agency: 'UNDP', role: 'lead', to: '2008-06-30' }),
  by(administrator, assignFacilitator, { code: 'C2', agency: 'ITU', role: 'lead', from: '2008-07-01' }),
  by(administrator, renameAgency, { code: 'ITU', names: { en: 'International Telecommunication Union' } }),
);
const more = logOf(by(administrator, registerAgency, { code: 'WMO', names: { en: 'World Meteorological Organization' }, kind: 'un-entity' }));

let ledger: TestLedger;

beforeAll(async () => {
  ledger = await testLedger(log);
});

afterAll(() => ledger.stop());

test('action lines come in the order of their numbers, with who facilitates them on a day', async () => {
  const { body } = await ledger.get(`action-lines?minPosition=${log.length}&on=2008-06-30`);
  expect(body.items.map((item: any) => item.code)).toEqual(['C1', 'C2', 'C4', 'C7-eBus', 'C7-eGov', 'C10']);
  const undp = { agency: 'UNDP', role: 'lead', from: '2003-12-12', to: '2008-06-30' };
  const itu = { agency: 'ITU', role: 'lead', from: '2008-07-01', to: null };
  expect(body.items[1]).toMatchObject({ facilitators: [undp], facilitatorsBefore: [], facilitatorsToCome: [itu] });
  expect((await ledger.get('action-lines/C2')).body).toMatchObject({ facilitators: [itu], facilitatorsBefore: [undp], facilitatorsToCome: [], revision: 4, sdgs: [], matrixVersion: null });
  expect((await ledger.get('action-lines/C7-eGov')).body).toMatchObject({ sdgs: [9, 16, 17], matrixVersion: '2019', figures: { commitments: 0, byStatus: {}, pledged: [] } });
});

test('an agency tells the lines that it facilitates or facilitated', async () => {
  const { body } = await ledger.get('agencies/UNDP');
  expect(body).toMatchObject({ code: 'UNDP', kind: 'un-entity', lines: [{ actionLine: 'C2', role: 'lead', to: '2008-06-30', holds: false }], figures: { commitments: 0, asLead: 0 } });
  const renamed = await ledger.get('agencies/ITU?on=2008-07-01');
  expect(renamed.body).toMatchObject({ names: { en: 'International Telecommunication Union' }, lines: [{ actionLine: 'C2', holds: true }] });
  expect(renamed.headers.get('etag')).toBe('"2"');
});

test('pages go by code and hold on to their moment; a list as of an instant is as it was', async () => {
  const first = (await ledger.get('agencies?limit=2')).body;
  const { recordedAt } = (await ledger.store.readAll(log.length - 1, 1))[0]!;
  await ledger.record(more);
  const head = await ledger.store.head();
  const rest = (await ledger.get(`agencies?limit=2&cursor=${first.next}&minPosition=${head}`)).body;
  expect([...first.items, ...rest.items].map((item) => item.code)).toEqual(['FAO', 'ITU', 'UNDESA', 'UNDP']);
  expect(rest.next).toBeNull();
  const codes = async (path: string) => (await ledger.get(path)).body.items.map((item: any) => item.code);
  expect(await codes(`agencies?asOf=${recordedAt}`)).not.toContain('WMO');
  expect(await codes(`agencies?minPosition=${head}`)).toContain('WMO');
});

test('who makes something finds it at once, without a position to wait for', async () => {
  for (let n = 0; n < 5; n++) {
    const code = `X${n}`;
    const [made] = logOf(by(administrator, registerAgency, { code, names: { en: 'New' }, kind: 'other' }));
    await ledger.record([{ ...made!, id: `00000000-0000-4000-8000-00000000000${n}` }]);
    expect(await ledger.get(`agencies/${code}`)).toMatchObject({ status: 200, body: { code, revision: 1 } });
  }
});

test('indicators tell their terms and revision; what is not there is 404', async () => {
  expect((await ledger.get('indicators/LOSI.cities')).body).toMatchObject({ code: 'LOSI.cities', unit: 'cities', direction: 'rising', min: '0', max: '193', measures: 'result', revision: 1 });
  expect((await ledger.get('indicators')).body.items.map((item: any) => item.code).sort()).toEqual(['LOSI.cities', 'offline', 'poverty']);
  for (const [path, code] of [['indicators/none', 'INDICATOR.UNKNOWN'], ['agencies/NONE', 'AGENCY.UNKNOWN'], ['action-lines/C3', 'ACTION_LINE.UNKNOWN']] as const)
    expect(await ledger.get(path)).toMatchObject({ status: 404, body: { code } });
  expect((await ledger.get('action-lines/D1')).body.code).toBe('REQUEST.INVALID_PATH');
});
