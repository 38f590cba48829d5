import { given } from '#testing/given.ts';
import { administrator, catalogue } from '#testing/scenes.ts';
import { defineActionLine } from './define.ts';

test('an action line is defined', () => {
  const line = { code: 'C9', titles: { en: 'Media' } };
  const state = given().when(administrator, defineActionLine, line).then('ActionLineDefined', line);
  expect(state).toEqual({ code: 'C9', defined: true, titles: line.titles, sdgs: [], matrixVersion: undefined, assignments: [] });
});

test('C7 is defined by its sub-lines only', () => {
  given().when(administrator, defineActionLine, { code: 'C7', titles: { en: 'ICT applications' } }).thenRefused('ACTION_LINE.BARE_C7', '/code');
  const health = { code: 'C7-eHea', titles: { en: 'ICT applications: e-health' } };
  given().when(administrator, defineActionLine, health).then('ActionLineDefined', health);
});

test('once', () => {
  given(catalogue).when(administrator, defineActionLine, { code: 'C1', titles: { en: 'Governance' } }).thenRefused('ACTION_LINE.ALREADY_DEFINED', '/code');
});
