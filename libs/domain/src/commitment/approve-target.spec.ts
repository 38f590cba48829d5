import { by, given, the } from '#testing/given.ts';
import { reviseIndicator } from '../indicator/revise.ts';
import { active, administrator, citiesTarget, number, submitted, targetApproved, targetProposed, text, undesa } from '#testing/scenes.ts';
import { approveTarget } from './approve-target.ts';
import { proposeTargetVersion } from './propose-target-version.ts';
import { proposeTarget } from './propose-target.ts';
import { withdrawCommitment } from './withdraw.ts';

const id = the('commitment');
const target = the('target');
const command = { id, target, version: 1 };
const terms = { titles: { en: 'Cities' }, min: '0', max: '193', sourceClass: 'survey', measures: 'result' };
const revise = (changes: object) => by(administrator, reviseIndicator, { code: 'LOSI.cities', ...terms, ...changes });
const withdraw = by(undesa.approver, withdrawCommitment, { id, reason: text('No funds') });

test('the approver of the lead approves it; the event carries all of it, and the indicator as it was relied on', () => {
  const state = given(targetProposed, revise({}))
    .when(undesa.approver, approveTarget, command)
    .then('TargetApproved', { targetId: target, version: 1, change: { kind: 'new' }, content: citiesTarget(), indicator: { revision: 2, direction: 'rising' } });
  expect(state.targets[target]).toMatchObject({ direction: 'rising', versions: [{ version: 1, status: 'approved', decidedOn: '2023-06-01' }] });
});

test('a qualitative target relies on no indicator', () => {
  const content = { kind: 'qualitative', text: text('Scale what works') };
  given(active, by(undesa.focalPoint, proposeTarget, { id, content }))
    .when(undesa.approver, approveTarget, command)
    .then('TargetApproved', { targetId: target, version: 1, change: { kind: 'new' }, content, indicator: null });
});

test('the author of a version never approves it', () => {
  given(targetProposed).when({ ...undesa.focalPoint, role: 'approver' }, approveTarget, command).thenRefused('VERSION.AUTHOR_APPROVES');
});

test('the version named is the one that waits', () => {
  given(targetProposed).when(undesa.approver, approveTarget, { ...command, version: 2 }).thenRefused('VERSION.NOT_PENDING');
  given(targetApproved).when(undesa.approver, approveTarget, command).thenRefused('VERSION.NOT_PENDING');
});

test('the content is checked again: the indicator may have been revised', () => {
  given(targetProposed, revise({ max: '150' })).when(undesa.approver, approveTarget, command).thenRefused('TARGET.OUT_OF_RANGE', '/content/value');
  given(targetProposed, revise({ measures: 'context' })).when(undesa.approver, approveTarget, command).thenRefused('TARGET.CONTEXT_INDICATOR', '/content/indicator');
});

test('after the end a target that waited is not approved; a correction is', () => {
  given(targetProposed, withdraw).when(undesa.approver, approveTarget, command).thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
  const correct = by(undesa.focalPoint, proposeTargetVersion, {
    id, target, change: { kind: 'correction', corrects: 1, reason: text('Misread') }, content: citiesTarget({ value: number('190') }),
  });
  given(targetApproved, withdraw, correct)
    .when(undesa.approver, approveTarget, { ...command, version: 2 })
    .then('TargetApproved', expect.objectContaining({ version: 2, content: citiesTarget({ value: number('190') }) }));
});

test('the target and the commitment are known, and registered', () => {
  given(active).when(undesa.approver, approveTarget, command).thenRefused('TARGET.UNKNOWN');
  given().when(undesa.approver, approveTarget, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.approver, approveTarget, command).thenRefused('COMMITMENT.NOT_PUBLIC');
});
