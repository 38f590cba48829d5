import { given, the } from '#testing/given.ts';
import { active, citiesTarget, endings, number, registered, submitted, text, undesa, undp } from '#testing/scenes.ts';
import { proposeTarget } from './propose-target.ts';

const id = the('commitment');
const proposal = (changes: object = {}) => ({ id, content: citiesTarget(changes) });
const refused = (changes: object) => given(active).when(undesa.focalPoint, proposeTarget, proposal(changes));
const accepted = (content: object) =>
  given(active)
    .when(undesa.focalPoint, proposeTarget, { id, content })
    .then('TargetProposed', { targetId: the('target'), version: 1, change: { kind: 'new' }, content });

test('a party proposes a quantitative target: number, unit, baseline and due date', () => {
  const state = accepted(citiesTarget());
  expect(state.targets[the('target')]).toEqual({
    versions: [{ version: 1, change: { kind: 'new' }, content: citiesTarget(), status: 'proposed', author: undesa.focalPoint.id, authorRole: 'focal-point' }],
    direction: undefined,
  });
});

test('the baseline may be unknown', () => {
  accepted(citiesTarget({ baseline: 'unknown' }));
});

test('a qualitative target has a text, and needs no number', () => {
  accepted({ kind: 'qualitative', text: text('Scale what works'), dueOn: '2025-12-31' });
  accepted({ kind: 'qualitative', text: text('Scale what works') });
});

test.each(['indicator', 'unit', 'baseline', 'value', 'dueOn'])('a quantitative target is nothing without its %s', (field) => {
  expect(proposeTarget.body.safeParse({ content: citiesTarget({ [field]: undefined }) }).success).toBe(false);
});

test('a qualitative target takes no number', () => {
  const { success, error } = proposeTarget.body.safeParse({ content: { kind: 'qualitative', text: text('Scale'), value: number('5') } });
  expect(success).toBe(false);
  expect(error!.issues[0]).toMatchObject({ code: 'unrecognized_keys', keys: ['value'] });
});

test('the indicator is defined', () => {
  refused({ indicator: 'UNDP.labs' }).thenRefused('INDICATOR.UNKNOWN', '/content/indicator');
});

test('a context statistic is never a target', () => {
  refused({ indicator: 'poverty', unit: 'people' }).thenRefused('TARGET.CONTEXT_INDICATOR', '/content/indicator');
});

test('the unit is the indicator’s', () => {
  refused({ unit: 'percent' }).thenRefused('TARGET.UNIT_MISMATCH', '/content/unit');
});

test('values keep to the indicator’s bounds, which belong to them', () => {
  refused({ value: number('193.000000001') }).thenRefused('TARGET.OUT_OF_RANGE', '/content/value');
  refused({ value: number('190', { high: '194' }) }).thenRefused('TARGET.OUT_OF_RANGE', '/content/value');
  refused({ baseline: { value: number('-1'), on: '2020-12-31' } }).thenRefused('TARGET.OUT_OF_RANGE', '/content/baseline/value');
  accepted(citiesTarget({ baseline: { value: number('0'), on: '2020-12-31' } }));
});

test('it is due after its baseline, which is not in the future', () => {
  refused({ dueOn: '2020-12-31' }).thenRefused('TARGET.DATES', '/content/dueOn');
  refused({ baseline: { value: number('100'), on: '2023-06-02' }, dueOn: '2030-12-31' }).thenRefused('TARGET.BASELINE_IN_FUTURE', '/content/baseline/on');
  accepted(citiesTarget({ baseline: { value: number('100'), on: '2023-06-01' }, dueOn: '2023-06-02' }));
});

test('all that is wrong is told at once', () => {
  refused({ unit: 'towns', value: number('200'), dueOn: '2019-12-31' }).thenRefusedForAll(
    ['TARGET.UNIT_MISMATCH', '/content/unit'],
    ['TARGET.OUT_OF_RANGE', '/content/value'],
    ['TARGET.DATES', '/content/dueOn'],
  );
});

test('also where the indicator is unknown', () => {
  refused({ indicator: 'UNDP.labs', baseline: { value: number('100'), on: '2024-01-01' }, dueOn: '2023-12-31' }).thenRefusedForAll(
    ['INDICATOR.UNKNOWN', '/content/indicator'],
    ['TARGET.BASELINE_IN_FUTURE', '/content/baseline/on'],
    ['TARGET.DATES', '/content/dueOn'],
  );
});

test('while the commitment is registered and has not ended', () => {
  given(registered).when(undp.focalPoint, proposeTarget, proposal()).then('TargetProposed', expect.objectContaining({ version: 1 }));
  given().when(undesa.focalPoint, proposeTarget, proposal()).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.focalPoint, proposeTarget, proposal()).thenRefused('COMMITMENT.NOT_PUBLIC');
  for (const history of Object.values(endings)) given(history).when(undesa.focalPoint, proposeTarget, proposal()).thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
});
