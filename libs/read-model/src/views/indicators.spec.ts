import { defineIndicator } from '#domain/indicator/define.ts';
import { reviseIndicator } from '#domain/indicator/revise.ts';
import { by } from '#testing/given.ts';
import { administrator } from '#testing/scenes.ts';
import { rowAfter } from './folded.fixture.ts';
import { indicators } from './indicators.ts';

const definition = {
  code: '17.8.1',
  titles: { en: 'Individuals using the Internet' },
  unit: 'percent',
  direction: 'rising',
  min: '0',
  max: '100',
  sourceClass: 'household survey',
  measures: 'result',
};
const defined = by(administrator, defineIndicator, definition);

test('a defined indicator has a row with its definition', () => {
  const { code, ...columns } = definition;
  expect(rowAfter(indicators, defined)).toEqual({
    id: code,
    revision: 1,
    ...columns,
    updatedAt: '2023-06-01T12:00:00.000Z',
    updatedPosition: 1,
  });
});

test('a revision replaces all but unit and direction', () => {
  const terms = { titles: { en: 'Internet users' }, min: null, max: null, sourceClass: 'administrative data', measures: 'context' };
  expect(rowAfter(indicators, defined, by(administrator, reviseIndicator, { code: '17.8.1', ...terms }))).toMatchObject({
    revision: 2,
    ...terms,
    unit: 'percent',
    direction: 'rising',
  });
});
