import { given } from '#testing/given.ts';
import { administrator, catalogue } from '#testing/scenes.ts';
import { reviseIndicator } from './revise.ts';

const code = 'offline';
const asDefined = { titles: { en: 'Indicator offline' }, min: '0', max: '100', sourceClass: 'survey', measures: 'result' };

test.each([
  ['titles', { en: 'People offline' }],
  ['min', null],
  ['max', '90'],
  ['sourceClass', 'administrative data'],
  ['measures', 'context'],
])('%s may be revised', (field, value) => {
  const terms = { ...asDefined, [field]: value };
  const state = given(catalogue).when(administrator, reviseIndicator, { code, ...terms }).then('IndicatorRevised', terms);
  expect(state).toEqual({ revision: 2, definition: { code, unit: 'percent', direction: 'falling', ...terms } });
});

test.each(['unit', 'direction'])('never the %s: that is a new code', (field) => {
  const { success } = reviseIndicator.body.safeParse({ ...asDefined, [field]: 'rising' });
  expect(success).toBe(false);
});

test('an undefined indicator can not be revised', () => {
  given(catalogue).when(administrator, reviseIndicator, { code: '9.c.1', ...asDefined }).thenRefused('INDICATOR.UNKNOWN');
});

test('min stays below max', () => {
  given(catalogue).when(administrator, reviseIndicator, { code, ...asDefined, min: '100' }).thenRefused('INDICATOR.RANGE', '/max');
});

test('a revision changes something', () => {
  given(catalogue).when(administrator, reviseIndicator, { code, ...asDefined }).thenRefused('INDICATOR.SAME');
});
