import { by, given, the, type Step } from '#testing/given.ts';
import { active, claimed, content, endings, registered, submitted, suspended, text, undesa } from '#testing/scenes.ts';
import { registerCommitment } from './register.ts';
import { submitCommitment } from './submit.ts';
import { supersedeCommitment } from './supersede.ts';
import { withdrawCommitment } from './withdraw.ts';

const id = the('commitment');
const second = the('commitment', 2);
const reason = text('The financing facility took its place');
const secondSubmitted = by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content() });
const withSecond = (history: readonly Step[]) => [...history, secondSubmitted, by(undesa.approver, registerCommitment, { id: second })];

test.each(Object.entries({ registered, active, suspended, claimed }))('another commitment takes its place while it is %s', (_, history) => {
  const state = given(withSecond(history))
    .when(undesa.approver, supersedeCommitment, { id, by: second, reason })
    .then('CommitmentSuperseded', { by: second, reason });
  expect(state).toMatchObject({ status: 'superseded', ending: { on: '2023-06-01', reason, supersededBy: second } });
});

test('the successor is registered', () => {
  given(active).when(undesa.approver, supersedeCommitment, { id, by: second, reason }).thenRefused('COMMITMENT.SUCCESSOR_UNKNOWN', '/by');
  given(active, secondSubmitted).when(undesa.approver, supersedeCommitment, { id, by: second, reason }).thenRefused('COMMITMENT.SUCCESSOR_UNKNOWN', '/by');
});

test('which has not given way itself: there is no circle', () => {
  const registeredToo = by(undesa.approver, registerCommitment, { id: second });
  const circle = by(undesa.approver, supersedeCommitment, { id: second, by: id, reason });
  given(active, secondSubmitted, registeredToo, circle).when(undesa.approver, supersedeCommitment, { id, by: second, reason }).thenRefused('COMMITMENT.SUCCESSOR_UNKNOWN', '/by');
  const withdrawn = by(undesa.approver, withdrawCommitment, { id: second, reason });
  given(active, secondSubmitted, registeredToo, withdrawn).when(undesa.approver, supersedeCommitment, { id, by: second, reason }).thenRefused('COMMITMENT.SUCCESSOR_UNKNOWN', '/by');
});

test('and another one', () => {
  given(active).when(undesa.approver, supersedeCommitment, { id, by: id, reason }).thenRefused('COMMITMENT.SUPERSEDED_BY_ITSELF', '/by');
});

const { superseded: _, ...otherEndings } = endings;
test.each(Object.entries({ submitted, ...otherEndings }))('not while it is %s', (__, history) => {
  given(withSecond(history)).when(undesa.approver, supersedeCommitment, { id, by: second, reason }).thenRefused('COMMITMENT.STATUS');
});

test('an unknown commitment is not superseded', () => {
  given().when(undesa.approver, supersedeCommitment, { id, by: second, reason }).thenRefused('COMMITMENT.UNKNOWN');
});
