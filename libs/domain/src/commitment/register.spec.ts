import { assignFacilitator } from '../action-line/assign-facilitator.ts';
import { relieveFacilitator } from '../action-line/relieve-facilitator.ts';
import { setSdgLinks } from '../action-line/set-sdg-links.ts';
import { by, given, the } from '#testing/given.ts';
import { administrator, catalogue, content, discarded, fullContent, otherOfSecretariat, registered, returned, secretariat, submitted, text, undesa } from '#testing/scenes.ts';
import { approveAmendment } from './approve-amendment.ts';
import { proposeAmendment } from './propose-amendment.ts';
import { registerCommitment } from './register.ts';
import { submitCommitment } from './submit.ts';

const id = the('commitment');
const undesaLeads = { agency: 'UNDESA', role: 'lead', from: '2006-02-24', actionLine: 'C7-eGov' };
const reliance = { assignment: undesaLeads, matrixVersions: { 'C7-eGov': '2019' }, sdgsOutsideMatrix: [] };

function submittedWith(changes: object) {
  return [...catalogue, by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content(changes) })];
}

test('the approver registers the commitment; the event carries all that was approved, and what that relied on', () => {
  const state = given(submitted)
    .when(undesa.approver, registerCommitment, { id })
    .then('CommitmentRegistered', { commitmentId: id, lead: 'UNDESA', version: 1, content: fullContent(), reliance });
  expect(state).toMatchObject({ status: 'registered', reliance });
  expect(state.versions).toEqual([
    { version: 1, change: { kind: 'new' }, content: fullContent(), status: 'approved', author: undesa.focalPoint.id, authorRole: 'focal-point', decidedOn: '2023-06-01' },
  ]);
});

test('the author of a version never approves it', () => {
  given(submitted).when({ ...undesa.focalPoint, role: 'approver' }, registerCommitment, { id }).thenRefused('VERSION.AUTHOR_APPROVES');
});

test('nor does the one member of the secretariat who transcribed it', () => {
  const transcribedFrom = { document: 'Submission to CSTD-25', place: 'Part Three' };
  const transcribed = [...catalogue, by(secretariat, submitCommitment, { lead: 'UNDESA', content: content() }, { transcribedFrom })];
  given(transcribed).when(secretariat, registerCommitment, { id }, { transcribedFrom }).thenRefused('VERSION.AUTHOR_APPROVES');
  given(transcribed).when(otherOfSecretariat, registerCommitment, { id }, { transcribedFrom }).then('CommitmentRegistered', expect.anything());
});

test.each([['returned', returned], ['discarded', discarded], ['registered', registered]])('not while it is %s', (_, history) => {
  given(history).when(undesa.approver, registerCommitment, { id }).thenRefused('COMMITMENT.STATUS');
});

test('an unknown commitment was not submitted', () => {
  given(catalogue).when(undesa.approver, registerCommitment, { id }).thenRefused('COMMITMENT.UNKNOWN');
});

test('the content is checked again: its whole may have become a part since it was submitted', () => {
  const submit = (changes: object) => by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content(changes) });
  const third = the('commitment', 3);
  given(
    registered,
    submit({ partOf: id }),
    submit({}),
    by(undesa.approver, registerCommitment, { id: third }),
    by(undesa.focalPoint, proposeAmendment, { id, change: { kind: 'revision', reason: text('A larger goal') }, content: content({ partOf: third }) }),
    by(undesa.approver, approveAmendment, { id, version: 2 }),
  )
    .when(undesa.approver, registerCommitment, { id: the('commitment', 2) })
    .thenRefused('COMMITMENT.PART_OF_PART', '/content/partOf');
});

describe('facilitation', () => {
  test('a lead without assignment is recorded as such, not refused', () => {
    const state = given(submittedWith({ actionLines: ['C4'] })).when(undesa.approver, registerCommitment, { id }).then('CommitmentRegistered', expect.anything());
    expect(state.reliance).toMatchObject({ assignment: null });
  });

  test('the assignment counts that is held on the day that the registration occurred on', () => {
    const relieved = by(administrator, relieveFacilitator, { code: 'C7-eGov', agency: 'UNDESA', role: 'lead', to: '2021-12-31' });
    const before = given(submitted, relieved).when(undesa.approver, registerCommitment, { id }, { occurredOn: '2021-12-31' }).then('CommitmentRegistered', expect.anything());
    expect(before.reliance).toMatchObject({ assignment: { ...undesaLeads, to: '2021-12-31' } });
    const after = given(submitted, relieved).when(undesa.approver, registerCommitment, { id }, { occurredOn: '2022-01-01' }).then('CommitmentRegistered', expect.anything());
    expect(after.reliance).toMatchObject({ assignment: null });
  });

  test('the lead of a line counts before another role', () => {
    const partner = by(administrator, assignFacilitator, { code: 'C1', agency: 'UNDESA', role: 'partner', from: '2006-01-01' });
    const state = given(submittedWith({ actionLines: ['C1', 'C7-eGov'] }), partner)
      .when(undesa.approver, registerCommitment, { id })
      .then('CommitmentRegistered', expect.anything());
    expect(state.reliance).toMatchObject({ assignment: undesaLeads });
  });
});

describe('SDG links', () => {
  const linked = submittedWith({ actionLines: ['C1', 'C7-eGov'], sdgs: [3, 9, 13] });

  test('a link outside the matrix warns and does not block', () => {
    const state = given(linked).when(undesa.approver, registerCommitment, { id }).then('CommitmentRegistered', expect.anything());
    expect(state.reliance).toMatchObject({ matrixVersions: { 'C7-eGov': '2019' }, sdgsOutsideMatrix: [3, 13] });
  });

  test('a link of any of the lines is inside', () => {
    const state = given(linked, by(administrator, setSdgLinks, { code: 'C1', matrixVersion: '2025', sdgs: [3] }))
      .when(undesa.approver, registerCommitment, { id })
      .then('CommitmentRegistered', expect.anything());
    expect(state.reliance).toMatchObject({ matrixVersions: { C1: '2025', 'C7-eGov': '2019' }, sdgsOutsideMatrix: [13] });
  });
});
