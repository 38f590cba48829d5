import { approveAmendment } from '#domain/commitment/approve-amendment.ts';
import { proposeAmendment } from '#domain/commitment/propose-amendment.ts';
import { reachMilestone } from '#domain/commitment/reach-milestone.ts';
import { by, the } from '#testing/given.ts';
import { content, registered, submitted, text, undesa } from '#testing/scenes.ts';
import { rowAfter, rowsAfter } from './folded.fixture.ts';
import { milestones } from './milestones.ts';

const id = the('commitment');
const survey = { milestoneId: 'survey-2022', title: text('The 12th edition is out'), dueOn: '2022-09-30' };
const reached = by(undesa.focalPoint, reachMilestone, { id, milestone: 'survey-2022' }, { occurredOn: '2022-09-28' });

test('a draft has none', () => {
  expect(rowsAfter(milestones, submitted)).toEqual([]);
});

test('they come with the registered content', () => {
  expect(rowAfter(milestones, registered)).toEqual({
    id,
    commitmentId: id,
    milestones: [{ ...survey, reachedOn: null }],
    updatedAt: '2023-06-01T12:00:00.000Z',
    updatedPosition: expect.any(Number),
  });
});

test('one is reached on the day that is said', () => {
  expect(rowAfter(milestones, registered, reached).milestones).toEqual([{ ...survey, reachedOn: '2022-09-28' }]);
});

test('an amendment brings others, and those reached stay reached', () => {
  const changed = [{ milestoneId: 'launch', title: text('It is launched') }, { ...survey, title: text('The edition of 2022 is out') }];
  const amended = [
    by(undesa.focalPoint, proposeAmendment, { id, change: { kind: 'revision', reason: text('A launch') }, content: content({ milestones: changed }) }),
    by(undesa.approver, approveAmendment, { id, version: 2 }),
  ];
  expect(rowAfter(milestones, registered, reached, amended).milestones).toEqual([
    { milestoneId: 'launch', title: text('It is launched'), dueOn: null, reachedOn: null },
    { ...survey, title: text('The edition of 2022 is out'), reachedOn: '2022-09-28' },
  ]);
});
