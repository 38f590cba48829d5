import { given } from '#testing/given.ts';
import { administrator, catalogue } from '#testing/scenes.ts';
import { defineIndicator } from './define.ts';

const internet = {
  code: '17.8.1',
  unit: 'percent',
  direction: 'rising',
  titles: { en: 'Individuals using the Internet' },
  min: '0',
  max: '100',
  sourceClass: 'household survey',
  measures: 'result',
};

test('an indicator is defined with unit, direction, bounds and source class', () => {
  const state = given().when(administrator, defineIndicator, internet).then('IndicatorDefined', internet);
  expect(state).toEqual({ revision: 1, definition: internet });
});

test('without bounds where there are none', () => {
  const { min: _, max: __, ...unbounded } = internet;
  given().when(administrator, defineIndicator, unbounded).then('IndicatorDefined', { ...unbounded, min: null, max: null });
});

test('once', () => {
  given(catalogue).when(administrator, defineIndicator, { ...internet, code: 'offline' }).thenRefused('INDICATOR.ALREADY_DEFINED', '/code');
});

test.each([['100', '0'], ['5', '5.0']])('min is below max, unlike %s and %s', (min, max) => {
  given().when(administrator, defineIndicator, { ...internet, min, max }).thenRefused('INDICATOR.RANGE', '/max');
});
