import { by, given, the } from '#testing/given.ts';
import { active, content, endings, registered, submitted, text, undesa } from '#testing/scenes.ts';
import { approveAmendment } from './approve-amendment.ts';
import { proposeAmendment } from './propose-amendment.ts';
import { reachMilestone } from './reach-milestone.ts';

const id = the('commitment');
const command = { id, milestone: 'survey-2022' };

test('a milestone is reached on the day that it occurred', () => {
  const state = given(active)
    .when(undesa.focalPoint, reachMilestone, { ...command, note: text('In New York') }, { occurredOn: '2022-09-28' })
    .then('MilestoneReached', { milestoneId: 'survey-2022', note: text('In New York') });
  expect(state.milestones).toEqual({ 'survey-2022': '2022-09-28' });
});

test('it may be reached as soon as the commitment is registered', () => {
  given(registered).when(undesa.focalPoint, reachMilestone, command).then('MilestoneReached', { milestoneId: 'survey-2022' });
});

test('not before the commitment starts', () => {
  given(active).when(undesa.focalPoint, reachMilestone, command, { occurredOn: '2020-12-31' }).thenRefused('COMMAND.OCCURRED_BEFORE', '/occurredOn');
});

test('once', () => {
  given(active, by(undesa.focalPoint, reachMilestone, command)).when(undesa.focalPoint, reachMilestone, command).thenRefused('MILESTONE.ALREADY_REACHED');
});

test('it is part of the approved content', () => {
  given(active).when(undesa.focalPoint, reachMilestone, { id, milestone: 'survey-2024' }).thenRefused('MILESTONE.UNKNOWN');
});

test('a milestone may have any short name', () => {
  const milestones = [{ milestoneId: 'constructor', title: text('A contractor is found') }];
  given(
    active,
    by(undesa.focalPoint, proposeAmendment, { id, change: { kind: 'revision', reason: text('A step more') }, content: content({ milestones }) }),
    by(undesa.approver, approveAmendment, { id, version: 2 }),
  )
    .when(undesa.focalPoint, reachMilestone, { id, milestone: 'constructor' })
    .then('MilestoneReached', { milestoneId: 'constructor' });
});

test('not before the commitment is registered, nor after it ended', () => {
  given().when(undesa.focalPoint, reachMilestone, command).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.focalPoint, reachMilestone, command).thenRefused('COMMITMENT.NOT_PUBLIC');
  for (const history of Object.values(endings)) given(history).when(undesa.focalPoint, reachMilestone, command).thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
});
