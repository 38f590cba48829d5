import { by, given, the } from '#testing/given.ts';
import { setSdgLinks } from '../action-line/set-sdg-links.ts';
import { active, administrator, amendmentProposed, content, fullContent, submitted, text, undesa, withdrawn } from '#testing/scenes.ts';
import { approveAmendment } from './approve-amendment.ts';
import { proposeAmendment } from './propose-amendment.ts';
import { reachMilestone } from './reach-milestone.ts';
import { registerCommitment } from './register.ts';
import { submitCommitment } from './submit.ts';
import { withdrawCommitment } from './withdraw.ts';

const id = the('commitment');
const command = { id, version: 2 };
const revision = { kind: 'revision', reason: text('More time') };
const correction = { kind: 'correction', corrects: 1, reason: text('Another number') };
const withdraw = by(undesa.approver, withdrawCommitment, { id, reason: text('No funds') });
const propose = (change: object, changes: object) => by(undesa.focalPoint, proposeAmendment, { id, change, content: content(changes) });

test('the approver amends the commitment; the event carries all that was approved, and what that relied on', () => {
  const reliance = {
    assignment: { agency: 'UNDESA', role: 'lead', from: '2006-02-24', actionLine: 'C7-eGov' },
    matrixVersions: { 'C7-eGov': '2025' },
    sdgsOutsideMatrix: [],
  };
  const state = given(amendmentProposed, by(administrator, setSdgLinks, { code: 'C7-eGov', matrixVersion: '2025', sdgs: [16] }))
    .when(undesa.approver, approveAmendment, command)
    .then('CommitmentAmended', { version: 2, change: revision, content: fullContent({ dueOn: '2023-12-31' }), reliance });
  expect(state).toMatchObject({ status: 'active', reliance });
});

test('the earlier version stays in the record', () => {
  const state = given(amendmentProposed).when(undesa.approver, approveAmendment, command).then('CommitmentAmended', expect.anything());
  expect(state.versions.map(({ version, status, content: { dueOn } }) => [version, status, dueOn])).toEqual([
    [1, 'approved', '2022-12-31'],
    [2, 'approved', '2023-12-31'],
  ]);
});

test('the author of a version never approves it', () => {
  given(amendmentProposed).when({ ...undesa.focalPoint, role: 'approver' }, approveAmendment, command).thenRefused('VERSION.AUTHOR_APPROVES');
});

test('the version named is the one that waits', () => {
  given(amendmentProposed).when(undesa.approver, approveAmendment, { id, version: 1 }).thenRefused('VERSION.NOT_PENDING');
  given(active).when(undesa.approver, approveAmendment, command).thenRefused('VERSION.NOT_PENDING');
});

test('a milestone that was reached while the amendment waited stays', () => {
  given(active, propose(revision, { milestones: [] }), by(undesa.focalPoint, reachMilestone, { id, milestone: 'survey-2022' }))
    .when(undesa.approver, approveAmendment, command)
    .thenRefused('MILESTONE.REACHED_IS_KEPT', '/content/milestones');
});

test('the content is checked again', () => {
  const second = by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content() });
  const third = by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content() });
  const register = (nth: number) => by(undesa.approver, registerCommitment, { id: the('commitment', nth) });
  const amendSecond = [
    by(undesa.focalPoint, proposeAmendment, { id: the('commitment', 2), change: revision, content: content({ partOf: the('commitment', 3) }) }),
    by(undesa.approver, approveAmendment, { id: the('commitment', 2), version: 2 }),
  ];
  given(active, second, register(2), third, register(3), propose(revision, { partOf: the('commitment', 2) }), amendSecond)
    .when(undesa.approver, approveAmendment, command)
    .thenRefused('COMMITMENT.PART_OF_PART', '/content/partOf');
});

test('after the end a revision that waited is not approved; a correction is', () => {
  given(amendmentProposed, withdraw).when(undesa.approver, approveAmendment, command).thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
  const state = given(withdrawn, propose(correction, { dueOn: '2023-01-31' }))
    .when(undesa.approver, approveAmendment, command)
    .then('CommitmentAmended', expect.objectContaining({ version: 2, change: correction }));
  expect(state.status).toBe('withdrawn');
});

test('not before it is registered', () => {
  given().when(undesa.approver, approveAmendment, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.approver, approveAmendment, { id, version: 1 }).thenRefused('COMMITMENT.NOT_PUBLIC');
});
