import { by, given, the } from '#testing/given.ts';
import { active, amendmentProposed, content, fullContent, submitted, text, undesa } from '#testing/scenes.ts';
import { proposeAmendment } from './propose-amendment.ts';
import { returnAmendment } from './return-amendment.ts';
import { approvedOf, pendingOf } from './versions.ts';

const id = the('commitment');
const command = { id, version: 2, reason: text('One year is enough') };

test('the approver returns an amendment with a reason; what was approved stands', () => {
  const state = given(amendmentProposed)
    .when(undesa.approver, returnAmendment, command)
    .then('AmendmentReturned', { version: 2, reason: command.reason });
  expect(pendingOf(state.versions)).toBeUndefined();
  expect(approvedOf(state.versions)).toMatchObject({ version: 1, content: fullContent() });
});

test('the next proposal has the next number', () => {
  given(amendmentProposed, by(undesa.approver, returnAmendment, command))
    .when(undesa.focalPoint, proposeAmendment, { id, change: { kind: 'revision', reason: text('More time') }, content: content() })
    .then('AmendmentProposed', expect.objectContaining({ version: 3 }));
});

test('the author does not decide on their own version', () => {
  given(amendmentProposed).when({ ...undesa.focalPoint, role: 'approver' }, returnAmendment, command).thenRefused('VERSION.AUTHOR_APPROVES');
});

test('the version named is the one that waits', () => {
  given(active).when(undesa.approver, returnAmendment, command).thenRefused('VERSION.NOT_PENDING');
  given(amendmentProposed).when(undesa.approver, returnAmendment, { ...command, version: 3 }).thenRefused('VERSION.NOT_PENDING');
});

test('not before it is registered', () => {
  given().when(undesa.approver, returnAmendment, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.approver, returnAmendment, command).thenRefused('COMMITMENT.NOT_PUBLIC');
});
