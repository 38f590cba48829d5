import { closeFinding } from '#domain/commitment/close-finding.ts';
import { answerFinding } from '#domain/commitment/answer-finding.ts';
import { raiseFinding } from '#domain/commitment/raise-finding.ts';
import { by, the } from '#testing/given.ts';
import { findingAnswered, findingRaised, reviewer, targetApproved, text, undesa } from '#testing/scenes.ts';
import { rowAfter, rowsAfter } from './folded.fixture.ts';
import { findings } from './findings.ts';

const id = the('commitment');

test('a raised finding is not public', () => {
  expect(rowsAfter(findings, findingRaised)).toEqual([]);
});

test('an answered one has a row', () => {
  expect(rowAfter(findings, findingAnswered)).toEqual({
    id: the('finding'),
    commitmentId: id,
    about: null,
    finding: text('No baseline is named'),
    status: 'answered',
    raisedOn: '2023-06-01',
    answer: text('It is 100'),
    answeredOn: '2023-06-01',
    conclusion: null,
    closedOn: null,
    updatedAt: '2023-06-01T12:00:00.000Z',
    updatedPosition: expect.any(Number),
  });
});

test('it tells what it is about', () => {
  const raised = by(reviewer, raiseFinding, { id, about: the('target'), finding: text('No source is named') });
  const answered = by(undesa.approver, answerFinding, { id, finding: the('finding'), answer: text('The survey') });
  expect(rowAfter(findings, targetApproved, raised, answered).about).toBe(the('target'));
});

test('a closed one has a conclusion', () => {
  const closed = by(reviewer, closeFinding, { id, finding: the('finding'), conclusion: text('Seen') }, { occurredOn: '2023-05-31' });
  expect(rowAfter(findings, findingAnswered, closed)).toMatchObject({
    status: 'closed',
    answer: text('It is 100'),
    answeredOn: '2023-06-01',
    conclusion: text('Seen'),
    closedOn: '2023-05-31',
  });
});
