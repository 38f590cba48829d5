import { by, given, the } from '#testing/given.ts';
import { reviseIndicator } from '../indicator/revise.ts';
import {
  active, administrator, correctionSubmitted, number, observation, progress, progressPublished, progressSubmitted, reportedProgress, reviewer,
  submitted, text, undesa,
} from '#testing/scenes.ts';
import { disputeProgress } from './dispute-progress.ts';
import { publishProgress } from './publish-progress.ts';
import { retractProgress } from './retract-progress.ts';
import { submitProgressVersion } from './submit-progress-version.ts';
import { verifyProgress } from './verify-progress.ts';
import { withdrawCommitment } from './withdraw.ts';

const id = the('commitment');
const update = the('update');
const command = { id, update, version: 1 };
const correction = { kind: 'correction', corrects: 1, reason: text('The annex says 145') };
const corrected = reportedProgress({ observations: [observation({ value: number('145') })] });
const withdraw = by(undesa.approver, withdrawCommitment, { id, reason: text('No funds') });
const retract = by(undesa.approver, retractProgress, { id, update, reason: text('Wrong survey') });

test('the approver of the lead publishes the update; the event carries all of it', () => {
  const state = given(progressSubmitted)
    .when(undesa.approver, publishProgress, command)
    .then('ProgressPublished', { updateId: update, version: 1, change: { kind: 'new' }, agency: 'UNDESA', content: reportedProgress() });
  expect(state.updates[update]).toMatchObject({ status: 'published', versions: [{ version: 1, status: 'approved', decidedOn: '2023-06-01' }] });
  expect(state.updates[update]!.publishedPosition).toBeGreaterThan(0);
});

test('a correction takes the place of what it corrects, which stays in the record', () => {
  const state = given(correctionSubmitted)
    .when(undesa.approver, publishProgress, { ...command, version: 2 })
    .then('ProgressPublished', { updateId: update, version: 2, change: correction, agency: 'UNDESA', content: corrected });
  expect(state.updates[update]!.versions.map(({ version, status }) => [version, status])).toEqual([[1, 'approved'], [2, 'approved']]);
});

test('a newly published version clears verification', () => {
  const state = given(correctionSubmitted, by(reviewer, verifyProgress, { id, update, note: text('As printed') }))
    .when(undesa.approver, publishProgress, { ...command, version: 2 })
    .then('ProgressPublished', expect.anything());
  expect(state.updates[update]).toMatchObject({ status: 'published' });
  expect(state.updates[update]!.remark).toBeUndefined();
});

test('a dispute stands until a reviewer resolves it', () => {
  const state = given(correctionSubmitted, by(reviewer, disputeProgress, { id, update, reason: text('The annex says 145') }))
    .when(undesa.approver, publishProgress, { ...command, version: 2 })
    .then('ProgressPublished', expect.anything());
  expect(state.updates[update]).toMatchObject({ status: 'disputed', remark: text('The annex says 145') });
});

test('the author of a version never approves it', () => {
  given(progressSubmitted).when({ ...undesa.focalPoint, role: 'approver' }, publishProgress, command).thenRefused('VERSION.AUTHOR_APPROVES');
});

test('the author of an earlier version may', () => {
  const correctedByAnother = by(undesa.otherFocalPoint, submitProgressVersion, { id, update, change: correction, content: progress() });
  given(progressPublished, correctedByAnother)
    .when({ ...undesa.focalPoint, role: 'approver' }, publishProgress, { ...command, version: 2 })
    .then('ProgressPublished', expect.objectContaining({ version: 2 }));
});

test('the version named is the one that waits', () => {
  given(progressSubmitted).when(undesa.approver, publishProgress, { ...command, version: 2 }).thenRefused('VERSION.NOT_PENDING');
  given(progressPublished).when(undesa.approver, publishProgress, command).thenRefused('VERSION.NOT_PENDING');
});

test('a retracted update is not published again', () => {
  given(correctionSubmitted, retract).when(undesa.approver, publishProgress, { ...command, version: 2 }).thenRefused('PROGRESS.STATUS');
});

test('the content is checked again: the indicator may have been revised', () => {
  const narrower = by(administrator, reviseIndicator, {
    code: 'LOSI.cities', titles: { en: 'Cities' }, min: '0', max: '140', sourceClass: 'survey', measures: 'result',
  });
  given(progressSubmitted, narrower).when(undesa.approver, publishProgress, command).thenRefused('OBSERVATION.OUT_OF_RANGE', '/content/observations/0/value');
});

test('after the end only a correction is published', () => {
  given(progressSubmitted, withdraw).when(undesa.approver, publishProgress, command).thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
  given(correctionSubmitted, withdraw).when(undesa.approver, publishProgress, { ...command, version: 2 }).then('ProgressPublished', expect.objectContaining({ version: 2 }));
});

test('the update and the commitment are known, and registered', () => {
  given(active).when(undesa.approver, publishProgress, command).thenRefused('PROGRESS.UNKNOWN');
  given().when(undesa.approver, publishProgress, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.approver, publishProgress, command).thenRefused('COMMITMENT.NOT_PUBLIC');
});
