import { by, given, the } from '#testing/given.ts';
import { active, endings, joined, submitted, undp } from '#testing/scenes.ts';
import { joinCommitment } from './join.ts';
import { leaveCommitment } from './leave.ts';
import { partiesOf } from './state.ts';

const id = the('commitment');
const command = { id, agency: 'UNDP' };
const leave = by(undp.approver, leaveCommitment, command);
const join = by(undp.approver, joinCommitment, command);

test('an agency joins as partner', () => {
  const state = given(active).when(undp.approver, joinCommitment, command, { occurredOn: '2022-03-01' }).then('PartnerJoined', { agency: 'UNDP' });
  expect(state.partners).toEqual([{ agency: 'UNDP', joinedOn: '2022-03-01' }]);
  expect(partiesOf(state)).toEqual(['UNDESA', 'UNDP']);
});

test('who left may join again; both times stay in the record', () => {
  const state = given(joined, leave).when(undp.approver, joinCommitment, command).then('PartnerJoined', { agency: 'UNDP' });
  expect(state.partners).toEqual([
    { agency: 'UNDP', joinedOn: '2023-06-01', leftOn: '2023-06-01' },
    { agency: 'UNDP', joinedOn: '2023-06-01' },
  ]);
});

test('the lead is not also a partner', () => {
  given(active).when(undp.approver, joinCommitment, { id, agency: 'UNDESA' }).thenRefused('PARTNER.IS_LEAD', '/agency');
});

test('an agency joins once', () => {
  given(joined).when(undp.approver, joinCommitment, command).thenRefused('PARTNER.ALREADY_JOINED', '/agency');
});

test('a partner is a registered agency', () => {
  given(active).when(undp.approver, joinCommitment, { id, agency: 'WHO' }).thenRefused('AGENCY.UNKNOWN', '/agency');
});

test('partners are bounded', () => {
  const hundredTimes = Array.from({ length: 100 }, () => [join, leave]).flat();
  given(active, hundredTimes).when(undp.approver, joinCommitment, command).thenRefused('COMMITMENT.LIMIT');
});

test('not before it is registered, nor after it ended', () => {
  given().when(undp.approver, joinCommitment, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undp.approver, joinCommitment, command).thenRefused('COMMITMENT.NOT_PUBLIC');
  for (const history of Object.values(endings)) given(history).when(undp.approver, joinCommitment, command).thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
});
