import { by, given, the } from '#testing/given.ts';
import { active, claimed, joined, registered, submitted, text, undesa, undp } from '#testing/scenes.ts';
import { leaveCommitment } from './leave.ts';
import { partiesOf } from './state.ts';
import { withdrawCommitment } from './withdraw.ts';

const id = the('commitment');
const command = { id, agency: 'UNDP' };

test('a partner leaves, and stays in the record', () => {
  const state = given(joined)
    .when(undp.approver, leaveCommitment, { ...command, reason: text('Other priorities') })
    .then('PartnerLeft', { agency: 'UNDP', reason: text('Other priorities') });
  expect(state.partners).toEqual([{ agency: 'UNDP', joinedOn: '2023-06-01', leftOn: '2023-06-01' }]);
  expect(partiesOf(state)).toEqual(['UNDESA']);
});

test('not before it joined', () => {
  given(joined).when(undp.approver, leaveCommitment, command, { occurredOn: '2023-05-31' }).thenRefused('COMMAND.OCCURRED_BEFORE', '/occurredOn');
});

test('who is no partner does not leave', () => {
  given(active).when(undp.approver, leaveCommitment, command).thenRefused('PARTNER.NOT_JOINED');
  given(joined, by(undp.approver, leaveCommitment, command)).when(undp.approver, leaveCommitment, command).thenRefused('PARTNER.NOT_JOINED');
  given(claimed).when(undesa.approver, leaveCommitment, { id, agency: 'UNDESA' }).thenRefused('PARTNER.NOT_JOINED');
});

test('not before it is registered, nor after it ended', () => {
  given().when(undp.approver, leaveCommitment, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undp.approver, leaveCommitment, command).thenRefused('COMMITMENT.NOT_PUBLIC');
  given(registered).when(undp.approver, leaveCommitment, command).thenRefused('PARTNER.NOT_JOINED');
  given(joined, by(undesa.approver, withdrawCommitment, { id, reason: text('No funds') }))
    .when(undp.approver, leaveCommitment, command)
    .thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
});
