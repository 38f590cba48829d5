import { by, given, the } from '#testing/given.ts';
import { active, amendmentProposed, content, endings, fullContent, registered, submitted, text, undesa } from '#testing/scenes.ts';
import { proposeAmendment } from './propose-amendment.ts';
import { reachMilestone } from './reach-milestone.ts';
import { approvedOf, pendingOf } from './versions.ts';

const id = the('commitment');
const revision = { kind: 'revision', reason: text('More time') };
const correction = { kind: 'correction', corrects: 1, reason: text('The edition has another number') };
const amendment = (change: object, changes: object = { dueOn: '2023-12-31' }) => ({ id, change, content: content(changes) });

test.each([['a revision: the world changed', revision], ['a correction: the record was wrong', correction]])('%s', (_, change) => {
  const state = given(active)
    .when(undesa.focalPoint, proposeAmendment, amendment(change))
    .then('AmendmentProposed', { version: 2, change, content: fullContent({ dueOn: '2023-12-31' }) });
  expect(pendingOf(state.versions)).toMatchObject({ version: 2, change, author: undesa.focalPoint.id });
  expect(approvedOf(state.versions)).toMatchObject({ version: 1, content: fullContent() });
});

test('what was approved is changed with a reason, never anew', () => {
  given(registered).when(undesa.focalPoint, proposeAmendment, amendment({ kind: 'new' })).thenRefused('VERSION.REASON_NEEDED', '/change/kind');
  expect(proposeAmendment.body.safeParse({ change: { kind: 'revision' }, content: content() }).success).toBe(false);
});

test('all that is wrong is told at once, of the change and of the content', () => {
  given(active, by(undesa.focalPoint, reachMilestone, { id, milestone: 'survey-2022' }))
    .when(undesa.focalPoint, proposeAmendment, amendment({ kind: 'new' }, { dueOn: '2020-01-01', milestones: [] }))
    .thenRefusedForAll(['VERSION.REASON_NEEDED', '/change/kind'], ['COMMITMENT.DATES', '/content/dueOn'], ['MILESTONE.REACHED_IS_KEPT', '/content/milestones']);
});

test('a correction names a version that was approved, and why', () => {
  given(active).when(undesa.focalPoint, proposeAmendment, amendment({ ...correction, corrects: 2 })).thenRefused('VERSION.CORRECTS_UNKNOWN', '/change/corrects');
  expect(proposeAmendment.body.safeParse({ change: { kind: 'correction', corrects: 1 }, content: content() }).success).toBe(false);
  expect(proposeAmendment.body.safeParse({ change: { kind: 'correction', reason: text('Wrong') }, content: content() }).success).toBe(false);
});

test('one amendment at a time waits', () => {
  given(amendmentProposed).when(undesa.focalPoint, proposeAmendment, amendment(revision)).thenRefused('VERSION.PENDING');
});

test('a milestone that was reached stays', () => {
  given(active, by(undesa.focalPoint, reachMilestone, { id, milestone: 'survey-2022' }))
    .when(undesa.focalPoint, proposeAmendment, amendment(revision, { milestones: [] }))
    .thenRefused('MILESTONE.REACHED_IS_KEPT', '/content/milestones');
});

test('the content is held to the same rules', () => {
  given(active).when(undesa.focalPoint, proposeAmendment, amendment(revision, { actionLines: ['C7'] })).thenRefused('COMMITMENT.BARE_C7', '/content/actionLines/0');
});

test.each(Object.entries(endings))('once it is %s only corrections are possible', (_, history) => {
  given(history).when(undesa.focalPoint, proposeAmendment, amendment(revision)).thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
  given(history).when(undesa.focalPoint, proposeAmendment, amendment(correction)).then('AmendmentProposed', expect.objectContaining({ version: 2 }));
});

test('not before it is registered', () => {
  given().when(undesa.focalPoint, proposeAmendment, amendment(revision)).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.focalPoint, proposeAmendment, amendment(revision)).thenRefused('COMMITMENT.NOT_PUBLIC');
});
