import { by, given, the } from '#testing/given.ts';
import {
  active, citiesTarget, correctionSubmitted, number, observation, progress, progressPublished, progressRetracted, progressSubmitted, reportedProgress,
  submitted, targetApproved, text, undesa, undp,
} from '#testing/scenes.ts';
import { approveTarget } from './approve-target.ts';
import { proposeTargetVersion } from './propose-target-version.ts';
import { proposeTarget } from './propose-target.ts';
import { publishProgress } from './publish-progress.ts';
import { returnProgress } from './return-progress.ts';
import type { CommitmentState } from './state.ts';
import { submitProgressVersion } from './submit-progress-version.ts';
import { submitProgress } from './submit-progress.ts';
import { withdrawCommitment } from './withdraw.ts';

const id = the('commitment');
const update = the('update');
const correction = { kind: 'correction', corrects: 1, reason: text('The annex says 145') };
const corrected = { observations: [observation({ value: number('145') })] };
const version = (more: object = {}, changes: object = corrected) => ({ id, update, content: progress(changes), ...more });
const returned = [...progressSubmitted, by(undesa.approver, returnProgress, { id, update, version: 1, reason: text('Count again') })];

test('after a return it is a new try', () => {
  const state = given(returned)
    .when(undesa.focalPoint, submitProgressVersion, version())
    .then('ProgressSubmitted', { updateId: update, version: 2, change: { kind: 'new' }, agency: 'UNDESA', content: reportedProgress(corrected) });
  expect(state.updates[update]!.status).toBe('proposed');
});

test('what was published is corrected: it says which version, and why; until approval the published one stands', () => {
  const state = given(progressPublished)
    .when(undesa.focalPoint, submitProgressVersion, version({ change: correction }))
    .then('ProgressSubmitted', { updateId: update, version: 2, change: correction, agency: 'UNDESA', content: reportedProgress(corrected) });
  expect(state.updates[update]).toMatchObject({ status: 'published', versions: [{ status: 'approved' }, { status: 'proposed' }] });
});

test('the update stays the one of the agency that first reported', () => {
  given(progressPublished)
    .when(undp.focalPoint, submitProgressVersion, version({ change: correction }))
    .then('ProgressSubmitted', expect.objectContaining({ agency: 'UNDESA' }));
});

describe('targets were revised since', () => {
  const target = the('target');
  const other = the('target', 2);
  const offline = observation({ indicator: 'offline', value: number('30'), unit: 'percent' });
  const revise = [
    by(undesa.focalPoint, proposeTargetVersion, { id, target, change: { kind: 'revision', reason: text('More') }, content: citiesTarget({ value: number('190') }) }),
    by(undesa.approver, approveTarget, { id, target, version: 2 }),
    by(undesa.focalPoint, proposeTarget, { id, content: citiesTarget({ indicator: 'offline', unit: 'percent', baseline: 'unknown', value: number('20') }) }),
    by(undesa.approver, approveTarget, { id, target: other, version: 1 }),
  ];
  const submit = by(undesa.focalPoint, submitProgress, { id, content: progress() });
  const targetVersions = (state: CommitmentState) => state.updates[update]!.versions.map(({ content }) => content.targetVersions);

  test('a correction keeps the versions that the corrected one was made against, and adds what it newly observes', () => {
    const state = given(targetApproved, submit, by(undesa.approver, publishProgress, { id, update, version: 1 }), revise)
      .when(undesa.focalPoint, submitProgressVersion, version({ change: correction }, { observations: [observation(), offline] }))
      .then('ProgressSubmitted', expect.anything());
    expect(targetVersions(state)).toEqual([{ [target]: 1 }, { [target]: 1, [other]: 1 }]);
  });

  test('also where it observes them no more', () => {
    const state = given(targetApproved, submit, by(undesa.approver, publishProgress, { id, update, version: 1 }), revise)
      .when(undesa.focalPoint, submitProgressVersion, version({ change: correction }, { observations: [offline] }))
      .then('ProgressSubmitted', expect.anything());
    expect(targetVersions(state)).toEqual([{ [target]: 1 }, { [target]: 1, [other]: 1 }]);
  });

  test('a new try after a return is made against the targets as they are by then', () => {
    const state = given(targetApproved, submit, by(undesa.approver, returnProgress, { id, update, version: 1, reason: text('Count again') }), revise)
      .when(undesa.focalPoint, submitProgressVersion, version())
      .then('ProgressSubmitted', expect.anything());
    expect(targetVersions(state)).toEqual([{ [target]: 1 }, { [target]: 2 }]);
  });
});

test('what was published is corrected, neither revised nor told anew', () => {
  const revision = { kind: 'revision', reason: text('More cities') };
  given(progressPublished).when(undesa.focalPoint, submitProgressVersion, version({ change: revision })).thenRefused('VERSION.CORRECTIONS_ONLY', '/change/kind');
  given(progressPublished).when(undesa.focalPoint, submitProgressVersion, version()).thenRefused('VERSION.REASON_NEEDED', '/change/kind');
});

test('before anything was published there is nothing to correct', () => {
  given(returned).when(undesa.focalPoint, submitProgressVersion, version({ change: correction })).thenRefused('VERSION.FIRST_IS_NEW', '/change/kind');
});

test('a correction names a version that was published', () => {
  given(progressPublished)
    .when(undesa.focalPoint, submitProgressVersion, version({ change: { ...correction, corrects: 2 } }))
    .thenRefused('VERSION.CORRECTS_UNKNOWN', '/change/corrects');
});

test('all that is wrong is told at once, of the change and of the content', () => {
  given(progressPublished)
    .when(undesa.focalPoint, submitProgressVersion, version({ change: { ...correction, corrects: 2 } }, { observations: [observation({ unit: 'towns' })] }))
    .thenRefusedForAll(['VERSION.CORRECTS_UNKNOWN', '/change/corrects'], ['OBSERVATION.UNIT_MISMATCH', '/content/observations/0/unit']);
});

test('one version at a time waits', () => {
  given(progressSubmitted).when(undesa.focalPoint, submitProgressVersion, version()).thenRefused('VERSION.PENDING');
  given(correctionSubmitted).when(undesa.focalPoint, submitProgressVersion, version({ change: correction })).thenRefused('VERSION.PENDING');
});

test('a retracted update has no versions more', () => {
  given(progressRetracted).when(undesa.focalPoint, submitProgressVersion, version({ change: correction })).thenRefused('PROGRESS.STATUS');
});

test('the content is held to the same rules', () => {
  given(returned)
    .when(undesa.focalPoint, submitProgressVersion, version({}, { observations: [observation({ unit: 'towns' })] }))
    .thenRefused('OBSERVATION.UNIT_MISMATCH', '/content/observations/0/unit');
});

test('after the end corrections stay possible, and nothing else', () => {
  const withdraw = by(undesa.approver, withdrawCommitment, { id, reason: text('No funds') });
  given(progressPublished, withdraw).when(undesa.focalPoint, submitProgressVersion, version({ change: correction })).then('ProgressSubmitted', expect.anything());
  given(returned, withdraw).when(undesa.focalPoint, submitProgressVersion, version()).thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
});

test('the update and the commitment are known, and registered', () => {
  given(active).when(undesa.focalPoint, submitProgressVersion, version()).thenRefused('PROGRESS.UNKNOWN');
  given().when(undesa.focalPoint, submitProgressVersion, version()).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.focalPoint, submitProgressVersion, version()).thenRefused('COMMITMENT.NOT_PUBLIC');
});
