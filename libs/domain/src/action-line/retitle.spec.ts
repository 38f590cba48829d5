import { given } from '#testing/given.ts';
import { administrator, catalogue } from '#testing/scenes.ts';
import { retitleActionLine } from './retitle.ts';

const titles = { en: 'The role of public governance authorities and all stakeholders' };

test('a line gets a new title', () => {
  const state = given(catalogue).when(administrator, retitleActionLine, { code: 'C1', titles }).then('ActionLineRetitled', { titles });
  expect(state).toMatchObject({ code: 'C1', titles });
});

test('an undefined line has no title to change', () => {
  given(catalogue).when(administrator, retitleActionLine, { code: 'C2', titles }).thenRefused('ACTION_LINE.UNKNOWN');
});

test('the same title is no change', () => {
  given(catalogue).when(administrator, retitleActionLine, { code: 'C1', titles: { en: 'Line C1' } }).thenRefused('ACTION_LINE.SAME_TITLES', '/titles');
});
