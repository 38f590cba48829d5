import { views } from '#read-model/views.ts';
import { projectorSettings, viewsOf } from './projector.module.ts';

const { VIEWS } = projectorSettings.shape;

test('a projector keeps up all views, or those it is given', () => {
  expect(viewsOf({ VIEWS: VIEWS.parse(undefined) })).toEqual(views);
  expect(viewsOf({ VIEWS: VIEWS.parse('topics, commitments') }).map(({ name }) => name)).toEqual(['commitments', 'topics']);
});

test.each(['', 'commitments,', 'Commitments', 'commitment'])('%j is refused, with the names there are', (text) => {
  expect(VIEWS.safeParse(text).error?.issues[0]?.message).toMatch(/^must be a list of views: commitments, /);
});
