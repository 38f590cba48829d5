import { given, the } from '#testing/given.ts';
import { active, targetApproved, targetProposed, text, undesa } from '#testing/scenes.ts';
import { returnTarget } from './return-target.ts';

const id = the('commitment');
const target = the('target');
const command = { id, target, version: 1, reason: text('All members of the United Nations') };

test('the approver returns a target with a reason', () => {
  const state = given(targetProposed)
    .when(undesa.approver, returnTarget, command)
    .then('TargetReturned', { targetId: target, version: 1, reason: command.reason });
  expect(state.targets[target]!.versions).toMatchObject([{ version: 1, status: 'returned', reason: command.reason }]);
});

test('the author does not decide on their own version', () => {
  given(targetProposed).when({ ...undesa.focalPoint, role: 'approver' }, returnTarget, command).thenRefused('VERSION.AUTHOR_APPROVES');
});

test('the version named is the one that waits', () => {
  given(targetApproved).when(undesa.approver, returnTarget, command).thenRefused('VERSION.NOT_PENDING');
});

test('the target is known', () => {
  given(active).when(undesa.approver, returnTarget, command).thenRefused('TARGET.UNKNOWN');
});
