import { by, given, the } from '#testing/given.ts';
import { active, findingAnswered, findingRaised, reviewer, text, undesa } from '#testing/scenes.ts';
import { answerFinding } from './answer-finding.ts';
import { raiseFinding } from './raise-finding.ts';

const id = the('commitment');
const finding = the('finding');
const command = { id, finding, answer: text('The survey of 2020') };

test('the approver answers; the answer repeats the finding, which is public from then on', () => {
  const state = given(active, by(reviewer, raiseFinding, { id, about: 'survey-2022', finding: text('No source') }, { occurredOn: '2023-05-02' }))
    .when(undesa.approver, answerFinding, command)
    .then('FindingAnswered', { findingId: finding, about: 'survey-2022', finding: text('No source'), raisedOn: '2023-05-02', answer: command.answer });
  expect(state.findings[finding]).toMatchObject({ status: 'answered', answer: command.answer });
});

test('once', () => {
  given(findingAnswered).when(undesa.approver, answerFinding, command).thenRefused('FINDING.STATUS');
});

test('it is known', () => {
  given(findingRaised).when(undesa.approver, answerFinding, { ...command, finding: the('finding', 2) }).thenRefused('FINDING.UNKNOWN');
});
