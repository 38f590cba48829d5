import { by, given } from '#testing/given.ts';
import { administrator, catalogue } from '#testing/scenes.ts';
import { relieveFacilitator } from './relieve-facilitator.ts';

const code = 'C7-eGov';
const lead = { agency: 'UNDESA', role: 'lead' };

test('an assignment ends on a day, and stays in the record', () => {
  const state = given(catalogue)
    .when(administrator, relieveFacilitator, { code, ...lead, to: '2008-12-31' })
    .then('FacilitatorRelieved', { ...lead, to: '2008-12-31' });
  expect(state.assignments).toEqual([{ ...lead, from: '2006-02-24', to: '2008-12-31' }]);
});

test('the line is defined', () => {
  given(catalogue).when(administrator, relieveFacilitator, { code: 'C2', ...lead, to: '2008-12-31' }).thenRefused('ACTION_LINE.UNKNOWN');
});

test('the agency holds an open assignment in that role', () => {
  const notHeld = (agency: string, role: string) =>
    given(catalogue).when(administrator, relieveFacilitator, { code, agency, role, to: '2008-12-31' }).thenRefused('ACTION_LINE.NOT_ASSIGNED', '/agency');
  notHeld('ITU', 'lead');
  notHeld('UNDESA', 'partner');
  given(catalogue, by(administrator, relieveFacilitator, { code, ...lead, to: '2008-12-31' }))
    .when(administrator, relieveFacilitator, { code, ...lead, to: '2009-12-31' })
    .thenRefused('ACTION_LINE.NOT_ASSIGNED', '/agency');
});

test('an assignment does not end before it begins', () => {
  given(catalogue)
    .when(administrator, relieveFacilitator, { code, ...lead, to: '2006-02-23' })
    .thenRefused('ACTION_LINE.RELIEVED_BEFORE_ASSIGNED', '/to');
});
