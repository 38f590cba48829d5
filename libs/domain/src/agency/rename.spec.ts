import { given } from '#testing/given.ts';
import { administrator, catalogue } from '#testing/scenes.ts';
import { renameAgency } from './rename.ts';

const names = { en: 'United Nations Development Programme' };

test('an agency gets a new name', () => {
  const state = given(catalogue).when(administrator, renameAgency, { code: 'UNDP', names }).then('AgencyRenamed', { names });
  expect(state).toEqual({ code: 'UNDP', registered: true, names });
});

test('a name in one more language is a new name', () => {
  const inFrench = { en: 'Agency UNDP', fr: 'Agence PNUD' };
  given(catalogue).when(administrator, renameAgency, { code: 'UNDP', names: inFrench }).then('AgencyRenamed', { names: inFrench });
});

test('an unknown agency has no name to change', () => {
  given(catalogue).when(administrator, renameAgency, { code: 'WHO', names }).thenRefused('AGENCY.UNKNOWN');
});

test('the same name is no change', () => {
  given(catalogue).when(administrator, renameAgency, { code: 'UNDP', names: { en: 'Agency UNDP' } }).thenRefused('AGENCY.SAME_NAMES', '/names');
});
