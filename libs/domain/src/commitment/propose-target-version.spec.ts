import { by, given, the } from '#testing/given.ts';
import { active, citiesTarget, closed, number, submitted, targetApproved, targetProposed, text, undesa } from '#testing/scenes.ts';
import { approveTarget } from './approve-target.ts';
import { proposeTargetVersion } from './propose-target-version.ts';
import { returnTarget } from './return-target.ts';
import { withdrawCommitment } from './withdraw.ts';

const id = the('commitment');
const target = the('target');
const revision = { kind: 'revision', reason: text('Two members joined') };
const correction = { kind: 'correction', corrects: 1, reason: text('Misread') };
const content = citiesTarget({ value: number('190') });
const returned = [...targetProposed, by(undesa.approver, returnTarget, { id, target, version: 1, reason: text('All members') })];

test.each([['revision', revision], ['correction', correction]])('a %s of what was approved, with a reason', (_, change) => {
  const state = given(targetApproved)
    .when(undesa.focalPoint, proposeTargetVersion, { id, target, change, content })
    .then('TargetProposed', { targetId: target, version: 2, change, content });
  expect(state.targets[target]!.versions.map(({ version, status }) => [version, status])).toEqual([[1, 'approved'], [2, 'proposed']]);
});

test('after a return it is a new try, without a reason', () => {
  given(returned)
    .when(undesa.focalPoint, proposeTargetVersion, { id, target, content })
    .then('TargetProposed', { targetId: target, version: 2, change: { kind: 'new' }, content });
  given(returned).when(undesa.focalPoint, proposeTargetVersion, { id, target, change: revision, content }).thenRefused('VERSION.FIRST_IS_NEW', '/change/kind');
});

test('all that is wrong is told at once, of the change and of the content', () => {
  given(targetApproved)
    .when(undesa.focalPoint, proposeTargetVersion, { id, target, content: citiesTarget({ unit: 'towns' }) })
    .thenRefusedForAll(['VERSION.REASON_NEEDED', '/change/kind'], ['TARGET.UNIT_MISMATCH', '/content/unit']);
});

test('what was approved is changed with a reason, never anew', () => {
  given(targetApproved).when(undesa.focalPoint, proposeTargetVersion, { id, target, content }).thenRefused('VERSION.REASON_NEEDED', '/change/kind');
});

test('a correction names a version that was approved', () => {
  const unapproved = by(undesa.focalPoint, proposeTargetVersion, { id, target, change: revision, content });
  const sentBack = by(undesa.approver, returnTarget, { id, target, version: 2, reason: text('No') });
  given(targetApproved, unapproved, sentBack)
    .when(undesa.focalPoint, proposeTargetVersion, { id, target, change: { ...correction, corrects: 2 }, content })
    .thenRefused('VERSION.CORRECTS_UNKNOWN', '/change/corrects');
});

test('one version at a time waits', () => {
  given(targetProposed).when(undesa.focalPoint, proposeTargetVersion, { id, target, content }).thenRefused('VERSION.PENDING');
});

test('versions are bounded', () => {
  const revisions = Array.from({ length: 99 }, (_, index) => [
    by(undesa.focalPoint, proposeTargetVersion, { id, target, change: revision, content }),
    by(undesa.approver, approveTarget, { id, target, version: index + 2 }),
  ]).flat();
  given(targetApproved, revisions)
    .when(undesa.focalPoint, proposeTargetVersion, { id, target, change: revision, content })
    .thenRefused('COMMITMENT.LIMIT');
});

test('the content is held to the same rules', () => {
  const refused = (changes: object) =>
    given(targetApproved).when(undesa.focalPoint, proposeTargetVersion, { id, target, change: revision, content: citiesTarget(changes) });
  refused({ unit: 'percent' }).thenRefused('TARGET.UNIT_MISMATCH', '/content/unit');
  refused({ indicator: 'UNDP.labs' }).thenRefused('INDICATOR.UNKNOWN', '/content/indicator');
});

test('the target and the commitment are known, and registered', () => {
  const command = { id, target, change: revision, content };
  given(active).when(undesa.focalPoint, proposeTargetVersion, command).thenRefused('TARGET.UNKNOWN');
  given().when(undesa.focalPoint, proposeTargetVersion, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.focalPoint, proposeTargetVersion, command).thenRefused('COMMITMENT.NOT_PUBLIC');
});

test('after the end a target is only corrected', () => {
  const ended = [...targetApproved, by(undesa.approver, withdrawCommitment, { id, reason: text('No funds') })];
  given(ended).when(undesa.focalPoint, proposeTargetVersion, { id, target, change: revision, content }).thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
  given(ended).when(undesa.focalPoint, proposeTargetVersion, { id, target, change: correction, content }).then('TargetProposed', expect.anything());
  given(closed).when(undesa.focalPoint, proposeTargetVersion, { id, target, change: revision, content }).thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
});
