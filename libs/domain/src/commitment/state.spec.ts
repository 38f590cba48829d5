import { by, logOf, the, type History } from '#testing/given.ts';
import { fold } from '#testing/ledger-in-memory.ts';
import {
  active, amendmentProposed, correctionSubmitted, discarded, endings, findingAnswered, findingRaised, joined, progressPublished, progressRetracted,
  progressSubmitted, registered, returned, reviewer, submitted, targetApproved, targetProposed, text, undesa, undp,
} from '#testing/scenes.ts';
import { verifyProgress } from './verify-progress.ts';
import { commitmentStream } from './commitment.ts';
import { joinCommitment } from './join.ts';
import { leaveCommitment } from './leave.ts';
import { everPartiesOf, hasEnded, isPublic, partiesOf, publicPart } from './state.ts';
import { retractProgress } from './retract-progress.ts';
import { returnProgress } from './return-progress.ts';

const leave = by(undp.approver, leaveCommitment, { id: the('commitment'), agency: 'UNDP' });

function stateAfter(...history: History[]) {
  const stream = `commitment-${the('commitment')}`;
  return fold('commitment', logOf(...history).filter((event) => event.stream === stream));
}

test.each(Object.entries({ submitted, returned, discarded }))('a %s commitment is not public', (_, history) => {
  const state = stateAfter(history);
  expect(isPublic(state)).toBe(false);
  expect(publicPart(state)).toBeUndefined();
});

test.each(Object.entries({ registered, active, ...endings }))('a %s commitment is public, without the names of authors', (_, history) => {
  const seen = publicPart(stateAfter(history))!;
  expect(seen).toMatchObject({ id: the('commitment'), lead: 'UNDESA' });
  expect(JSON.stringify(seen)).not.toContain(undesa.focalPoint.id);
});

test('versions that wait are not public; what was approved before them is', () => {
  expect(publicPart(stateAfter(amendmentProposed))).toEqual(publicPart(stateAfter(active)));
  expect(publicPart(stateAfter(correctionSubmitted))).toEqual(publicPart(stateAfter(progressPublished)));
  expect(publicPart(stateAfter(targetProposed))!.targets).toEqual({});
  expect(publicPart(stateAfter(targetApproved))!.targets).toHaveProperty(the('target'));
  expect(publicPart(stateAfter(progressSubmitted))!.updates).toEqual({});
});

test('a retracted update stays public', () => {
  expect(publicPart(stateAfter(progressRetracted))!.updates).toMatchObject({ [the('update')]: { status: 'retracted', remark: text('Wrong survey') } });
});

test('a finding is public when answered', () => {
  expect(publicPart(stateAfter(findingRaised))!.findings).toEqual({});
  expect(publicPart(stateAfter(findingAnswered))!.findings).toMatchObject({ [the('finding')]: { finding: text('No baseline is named'), status: 'answered' } });
});

test('the lead and its partners are the parties', () => {
  expect(partiesOf(stateAfter(active))).toEqual(['UNDESA']);
  expect(partiesOf(stateAfter(joined))).toEqual(['UNDESA', 'UNDP']);
});

test('who left is no party any more, and was one', () => {
  const again = by(undp.approver, joinCommitment, { id: the('commitment'), agency: 'UNDP' });
  const left = stateAfter(joined, leave, again, leave);
  expect([partiesOf(left), everPartiesOf(left)]).toEqual([['UNDESA'], ['UNDESA', 'UNDP']]);
});

test('it has ended when it was closed, withdrawn or superseded', () => {
  for (const history of Object.values(endings)) expect(hasEnded(stateAfter(history))).toBe(true);
  for (const history of [submitted, discarded, registered, active]) expect(hasEnded(stateAfter(history))).toBe(false);
});

test('a command is answered with what it did, not with a correction that waits beside it', () => {
  const id = the('commitment');
  const update = the('update');
  const answerTo = (history: History, type: 'ProgressSubmitted' | 'ProgressReturned' | 'ProgressVerified' | 'ProgressRetracted') =>
    commitmentStream.subject(stateAfter(history), { type, data: { updateId: update } } as never);
  expect(answerTo(correctionSubmitted, 'ProgressSubmitted')).toEqual({ id: update, status: 'proposed' });
  const returnIt = by(undesa.approver, returnProgress, { id, update, version: 2, reason: text('It says 146') });
  expect(answerTo([...correctionSubmitted, returnIt], 'ProgressReturned')).toEqual({ id: update, status: 'returned' });
  const verify = by(reviewer, verifyProgress, { id, update });
  expect(answerTo([...correctionSubmitted, verify], 'ProgressVerified')).toEqual({ id: update, status: 'verified' });
  const retract = by(undesa.approver, retractProgress, { id, update, reason: text('Wrong') });
  expect(answerTo([...correctionSubmitted, retract], 'ProgressRetracted')).toEqual({ id: update, status: 'retracted' });
});
