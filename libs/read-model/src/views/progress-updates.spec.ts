import { disputeProgress } from '#domain/commitment/dispute-progress.ts';
import { publishProgress } from '#domain/commitment/publish-progress.ts';
import { resolveDispute } from '#domain/commitment/resolve-dispute.ts';
import { submitProgress } from '#domain/commitment/submit-progress.ts';
import { verifyProgress } from '#domain/commitment/verify-progress.ts';
import { by, logOf, the } from '#testing/given.ts';
import {
  active,
  correctionSubmitted,
  number,
  observation,
  progress,
  progressDisputed,
  progressPublished,
  progressRetracted,
  progressSubmitted,
  progressVerified,
  reportedProgress,
  reviewer,
  text,
  undesa,
} from '#testing/scenes.ts';
import { rowAfter, rowsAfter } from './folded.fixture.ts';
import { progressUpdates } from './progress-updates.ts';

const id = the('commitment');
const update = the('update');
const whole = { indicator: 'LOSI.cities', unit: 'cities', value: number('146'), asOf: '2022-09-28' };

test('a submitted update is not public', () => {
  expect(rowsAfter(progressUpdates, progressSubmitted)).toEqual([]);
});

test('a published one has a row', () => {
  const { position } = logOf(progressPublished).at(-1)!;
  expect(rowAfter(progressUpdates, progressPublished)).toEqual({
    id: update,
    commitmentId: id,
    version: 1,
    change: { kind: 'new' },
    agency: 'UNDESA',
    periodFrom: '2021-01-01',
    periodTo: '2022-09-30',
    content: reportedProgress(),
    observations: [whole],
    notAssessed: false,
    status: 'published',
    remark: null,
    publishedOn: '2023-06-01',
    publishedPosition: position,
    updatedAt: '2023-06-01T12:00:00.000Z',
    updatedPosition: position,
  });
});

test('what is disaggregated is told in its content and is no whole figure', () => {
  const content = progress({ observations: [observation({ value: number('20'), disaggregation: { location: 'Africa' } }), observation()] });
  const submitted = by(undesa.focalPoint, submitProgress, { id, content });
  const row = rowAfter(progressUpdates, active, submitted, by(undesa.approver, publishProgress, { id, update, version: 1 }));
  expect(row.content.observations).toHaveLength(2);
  expect(row.observations).toEqual([whole]);
});

test('"not assessed" is marked', () => {
  const submitted = by(undesa.focalPoint, submitProgress, { id, content: progress({ observations: [], notAssessed: text('The survey was put off') }) });
  const published = by(undesa.approver, publishProgress, { id, update, version: 1 });
  expect(rowAfter(progressUpdates, active, submitted, published)).toMatchObject({ notAssessed: true, observations: [] });
});

test('reviewers verify it, with or without a note', () => {
  expect(rowAfter(progressUpdates, progressVerified)).toMatchObject({ status: 'verified', remark: null });
  const noted = by(reviewer, verifyProgress, { id, update, note: text('As printed') });
  expect(rowAfter(progressUpdates, progressPublished, noted)).toMatchObject({ status: 'verified', remark: text('As printed') });
});

test('reviewers dispute it, and resolve the dispute', () => {
  expect(rowAfter(progressUpdates, progressDisputed)).toMatchObject({ status: 'disputed', remark: text('The annex says 145') });
  const resolved = by(reviewer, resolveDispute, { id, update, resolution: text('The annex was older') });
  expect(rowAfter(progressUpdates, progressDisputed, resolved)).toMatchObject({ status: 'resolved', remark: text('The annex was older') });
});

test('a verified one may be disputed', () => {
  const disputed = by(reviewer, disputeProgress, { id, update, reason: text('Seen again') });
  expect(rowAfter(progressUpdates, progressVerified, disputed)).toMatchObject({ status: 'disputed', remark: text('Seen again') });
});

test('a published correction clears the verification of the version before', () => {
  const verified = by(reviewer, verifyProgress, { id, update, note: text('As printed') });
  const published = by(undesa.approver, publishProgress, { id, update, version: 2 });
  expect(rowAfter(progressUpdates, correctionSubmitted, verified, published)).toMatchObject({ version: 2, status: 'published', remark: null });
});

test('a published correction does not end a dispute', () => {
  const disputed = by(reviewer, disputeProgress, { id, update, reason: text('The annex says 145') });
  const published = by(undesa.approver, publishProgress, { id, update, version: 2 });
  expect(rowAfter(progressUpdates, correctionSubmitted, disputed)).toMatchObject({ version: 1, status: 'disputed' });
  expect(rowAfter(progressUpdates, correctionSubmitted, disputed, published)).toMatchObject({
    version: 2,
    change: { kind: 'correction', corrects: 1, reason: text('The annex says 145') },
    observations: [{ ...whole, value: number('145') }],
    status: 'disputed',
    remark: text('The annex says 145'),
  });
});

test('a retracted one stays, with the reason', () => {
  expect(rowAfter(progressUpdates, progressRetracted)).toMatchObject({
    status: 'retracted',
    remark: text('Wrong survey'),
    observations: [whole],
  });
});
