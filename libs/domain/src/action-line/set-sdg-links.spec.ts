import { given } from '#testing/given.ts';
import { administrator, catalogue } from '#testing/scenes.ts';
import { setSdgLinks } from './set-sdg-links.ts';

test('the links of a line are set, in order and each once, with the version of the matrix', () => {
  const state = given(catalogue)
    .when(administrator, setSdgLinks, { code: 'C4', matrixVersion: '2019', sdgs: [17, 4, 4, 12] })
    .then('SdgLinksSet', { matrixVersion: '2019', sdgs: [4, 12, 17] });
  expect(state).toMatchObject({ sdgs: [4, 12, 17], matrixVersion: '2019' });
});

test('the next version of the matrix replaces them, even where they stay the same', () => {
  const state = given(catalogue)
    .when(administrator, setSdgLinks, { code: 'C7-eGov', matrixVersion: '2025', sdgs: [9, 16, 17] })
    .then('SdgLinksSet', { matrixVersion: '2025', sdgs: [9, 16, 17] });
  expect(state.matrixVersion).toBe('2025');
});

test('an undefined line has no links', () => {
  given(catalogue).when(administrator, setSdgLinks, { code: 'C2', matrixVersion: '2019', sdgs: [1] }).thenRefused('ACTION_LINE.UNKNOWN');
});

test('the same links of the same version are no change', () => {
  given(catalogue)
    .when(administrator, setSdgLinks, { code: 'C7-eGov', matrixVersion: '2019', sdgs: [17, 16, 9] })
    .thenRefused('ACTION_LINE.SAME_SDG_LINKS', '/sdgs');
});
