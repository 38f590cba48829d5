import { assignFacilitator } from '#domain/action-line/assign-facilitator.ts';
import { defineActionLine } from '#domain/action-line/define.ts';
import { relieveFacilitator } from '#domain/action-line/relieve-facilitator.ts';
import { retitleActionLine } from '#domain/action-line/retitle.ts';
import { setSdgLinks } from '#domain/action-line/set-sdg-links.ts';
import { registerAgency } from '#domain/agency/register.ts';
import { by, type Step } from '#testing/given.ts';
import { administrator } from '#testing/scenes.ts';
import { actionLines } from './action-lines.ts';
import { rowAfter } from './folded.fixture.ts';

const code = 'C6';
const defined: Step[] = [
  ...['UNDP', 'ITU'].map((agency) => by(administrator, registerAgency, { code: agency, names: { en: agency }, kind: 'un-entity' })),
  by(administrator, defineActionLine, { code, titles: { en: 'Enabling environment' } }),
];
const assigned = [
  ...defined,
  by(administrator, assignFacilitator, { code, agency: 'UNDP', role: 'lead', from: '2006-02-24' }),
  by(administrator, assignFacilitator, { code, agency: 'ITU', role: 'co-facilitator', from: '2006-02-24' }),
];

test('a defined line has a row without links and assignments', () => {
  expect(rowAfter(actionLines, defined)).toEqual({
    id: code,
    revision: 1,
    titles: { en: 'Enabling environment' },
    sdgs: [],
    matrixVersion: null,
    assignments: [],
    updatedAt: '2023-06-01T12:00:00.000Z',
    updatedPosition: 3,
  });
});

test('it may be retitled', () => {
  const titles = { en: 'Enabling environment', es: 'Entorno propicio' };
  expect(rowAfter(actionLines, defined, by(administrator, retitleActionLine, { code, titles }))).toMatchObject({ revision: 2, titles });
});

test('its goals come with the version of the matrix', () => {
  const linked = by(administrator, setSdgLinks, { code, matrixVersion: '2019', sdgs: [17, 2] });
  expect(rowAfter(actionLines, defined, linked)).toMatchObject({ revision: 2, sdgs: [2, 17], matrixVersion: '2019' });
});

test('who facilitates it stands in the order of assignment', () => {
  expect(rowAfter(actionLines, assigned).assignments).toEqual([
    { agency: 'UNDP', role: 'lead', from: '2006-02-24' },
    { agency: 'ITU', role: 'co-facilitator', from: '2006-02-24' },
  ]);
});

test('who is relieved stays with the last day, and may be assigned again', () => {
  const relieved = by(administrator, relieveFacilitator, { code, agency: 'UNDP', role: 'lead', to: '2008-12-31' });
  const again = by(administrator, assignFacilitator, { code, agency: 'UNDP', role: 'lead', from: '2020-01-01' });
  expect(rowAfter(actionLines, assigned, relieved, again).assignments).toEqual([
    { agency: 'UNDP', role: 'lead', from: '2006-02-24', to: '2008-12-31' },
    { agency: 'ITU', role: 'co-facilitator', from: '2006-02-24' },
    { agency: 'UNDP', role: 'lead', from: '2020-01-01' },
  ]);
});
