import { by, given } from '#testing/given.ts';
import { administrator, catalogue } from '#testing/scenes.ts';
import { assignFacilitator } from './assign-facilitator.ts';
import { relieveFacilitator } from './relieve-facilitator.ts';

const code = 'C7-eGov';
const lead = { agency: 'UNDESA', role: 'lead' };
const relievedIn2015 = [...catalogue, by(administrator, relieveFacilitator, { code, ...lead, to: '2015-12-31' })];

test('an agency facilitates a line in a role from a day on', () => {
  const itu = { agency: 'ITU', role: 'co-facilitator', from: '2006-02-24' };
  const state = given(catalogue).when(administrator, assignFacilitator, { code, ...itu }).then('FacilitatorAssigned', itu);
  expect(state.assignments).toEqual([{ ...lead, from: '2006-02-24' }, itu]);
});

test('an agency may hold two roles', () => {
  const partner = { agency: 'UNDESA', role: 'partner', from: '2006-02-24' };
  given(catalogue).when(administrator, assignFacilitator, { code, ...partner }).then('FacilitatorAssigned', partner);
});

test('after it was relieved an agency may be assigned again', () => {
  const again = { ...lead, from: '2016-01-01' };
  const state = given(relievedIn2015).when(administrator, assignFacilitator, { code, ...again }).then('FacilitatorAssigned', again);
  expect(state.assignments).toEqual([{ ...lead, from: '2006-02-24', to: '2015-12-31' }, again]);
});

test.each([
  ['an open assignment', catalogue, '2020-01-01'],
  ['an open assignment that begins later', catalogue, '2005-01-01'],
  ['the last day of an earlier one', relievedIn2015, '2015-12-31'],
])('assignments of one agency in one role do not overlap: %s', (_, history, from) => {
  given(history).when(administrator, assignFacilitator, { code, ...lead, from }).thenRefused('ACTION_LINE.ALREADY_ASSIGNED', '/from');
});

test('the line is defined', () => {
  given(catalogue).when(administrator, assignFacilitator, { code: 'C2', ...lead, from: '2020-01-01' }).thenRefused('ACTION_LINE.UNKNOWN');
});

test('the agency is registered', () => {
  given(catalogue)
    .when(administrator, assignFacilitator, { code, agency: 'WHO', role: 'lead', from: '2020-01-01' })
    .thenRefused('AGENCY.UNKNOWN', '/agency');
});
