import { actionLineStream, assignmentOn, type ActionLineState } from './action-line.ts';

const line: ActionLineState = {
  ...actionLineStream.initial,
  assignments: [
    { agency: 'UNDP', role: 'partner', from: '2006-01-01' },
    { agency: 'UNDP', role: 'lead', from: '2006-01-01', to: '2008-06-30' },
    { agency: 'ITU', role: 'lead', from: '2008-07-01' },
  ],
};

test.each([
  ['UNDP', '2005-12-31', undefined],
  ['UNDP', '2006-01-01', 'lead'],
  ['UNDP', '2008-06-30', 'lead'],
  ['UNDP', '2008-07-01', 'partner'],
  ['ITU', '2008-06-30', undefined],
  ['ITU', '2030-01-01', 'lead'],
  ['FAO', '2007-01-01', undefined],
])('%s on %s: %s', (agency, day, role) => {
  expect(assignmentOn(line, agency, day)?.role).toBe(role);
});
