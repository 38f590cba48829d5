import fc from 'fast-check';
import { by, logOf, the, type History } from '#testing/given.ts';
import { fold } from '#testing/ledger-in-memory.ts';
import {
  citiesTarget, content, correctionSubmitted, number, observation, progress, submitted, targetApproved, targetProposed, text, undesa,
} from '#testing/scenes.ts';
import { addDays, ALWAYS, daysBetween } from './calendar.ts';
import { approveAmendment } from './commitment/approve-amendment.ts';
import { approveTarget } from './commitment/approve-target.ts';
import type { TargetContent } from './commitment/content.ts';
import { proposeAmendment } from './commitment/propose-amendment.ts';
import { proposeTargetVersion } from './commitment/propose-target-version.ts';
import { proposeTarget } from './commitment/propose-target.ts';
import { publishProgress } from './commitment/publish-progress.ts';
import { publicPart } from './commitment/state.ts';
import { retractProgress } from './commitment/retract-progress.ts';
import { submitProgressVersion } from './commitment/submit-progress-version.ts';
import { submitProgress } from './commitment/submit-progress.ts';
import { PACE_FORMULA, paceInputsOf, paceOn, paces, paceSteps, worst, type Pace, type PaceInputs, type PaceObservation } from './pace.ts';
import type { Value } from './values.ts';

const cities = citiesTarget({ baseline: { value: number('100'), on: '2020-12-31' }, dueOn: '2022-12-31' }) as TargetContent;
const seen = (low: string, asOf: string, more: Partial<Value> = {}, position = 1): PaceObservation => ({ value: number(low, more) as Value, asOf, position });
const inputs = (changes: Partial<PaceInputs> = {}): PaceInputs => ({
  target: cities,
  direction: 'rising',
  reportingIntervalDays: 365,
  observations: [seen('146', '2022-09-28')],
  ...changes,
});
const pace = (changes: Partial<PaceInputs>, on: string) => paceOn(inputs(changes), on).pace;
const observed = (...observations: PaceObservation[]) => ({ observations });
/** From 40 down to 20 per cent, from the start of 2021 to the end of 2022. */
const offline = (...observations: PaceObservation[]): Partial<PaceInputs> => ({
  target: { ...cities, indicator: 'offline', unit: 'percent', baseline: { value: number('40'), on: '2020-12-31' }, value: number('20') } as TargetContent,
  direction: 'falling',
  observations,
});

describe('the local online services index: 146 of 193 cities, from 100 in 2020', () => {
  test('is 75.6 % overall and 49.5 % from its baseline, and tells all that this rests on', () => {
    expect(paceOn(inputs(), '2022-10-01')).toEqual({
      pace: 'behind',
      on: '2022-10-01',
      actual: { value: number('146'), asOf: '2022-09-28', bound: '146' },
      baseline: { value: number('100'), on: '2020-12-31', bound: '100' },
      target: { value: number('193'), dueOn: '2022-12-31', bound: '193' },
      fromBaseline: '49.5',
      timePassed: '87.1',
      overall: '75.6',
      formula: PACE_FORMULA,
    });
  });

  test('is behind until its due date, and missed after it', () => {
    expect(pace({}, '2022-12-31')).toBe('behind');
    expect(pace({}, '2023-01-01')).toBe('missed');
  });

  test('reads the same from the records', () => {
    const commitment = commitmentAfter(targetApproved, report('146'));
    expect(paceOn(paceInputsOf(commitment)[the('target')]!, '2022-10-01')).toMatchObject({ pace: 'behind', fromBaseline: '49.5', overall: '75.6' });
    expect(paceInputsOf(publicPart(commitment)!)).toEqual(paceInputsOf(commitment));
  });
});

describe('the first that holds', () => {
  test('not assessable: a text without a number', () => {
    const target: TargetContent = { kind: 'qualitative', text: text('Scale what works'), dueOn: '2022-12-31' };
    expect(paceOn(inputs({ target, direction: undefined }), '2023-01-01')).toEqual({
      pace: 'not-assessable', on: '2023-01-01', actual: null, baseline: null, target: null, fromBaseline: null, timePassed: null, overall: null, formula: PACE_FORMULA,
    });
  });

  test('not assessable: baseline unknown, even when reached or missed; the overall share is still told', () => {
    const target = { ...cities, baseline: 'unknown' } as TargetContent;
    expect(paceOn(inputs({ target, ...observed(seen('193', '2022-09-28')) }), '2022-10-01')).toMatchObject({
      pace: 'not-assessable', baseline: 'unknown', fromBaseline: null, overall: '100.0',
    });
    expect(pace({ target, observations: [] }, '2023-01-01')).toBe('not-assessable');
  });

  test('not assessable: the target is the baseline', () => {
    const target = { ...cities, value: number('100.0') } as TargetContent;
    expect(pace({ target }, '2022-10-01')).toBe('not-assessable');
  });

  test('achieved, from the day of the observation, also after the due date or when reported long ago', () => {
    const reached = observed(seen('193', '2022-09-28'));
    expect(pace(reached, '2022-09-27')).toBe('no-recent-report');
    expect(pace(reached, '2022-09-28')).toBe('achieved');
    expect(pace(reached, '2030-01-01')).toBe('achieved');
    expect(pace(observed(seen('192.999999999', '2022-09-28')), '2022-10-01')).not.toBe('achieved');
  });

  test('missed, only after the due date, whether or not anything was reported', () => {
    expect(pace(observed(), '2022-12-31')).toBe('no-recent-report');
    expect(pace(observed(), '2023-01-01')).toBe('missed');
  });

  test('no recent report: none, or older than the reporting interval', () => {
    const early = observed(seen('150', '2021-03-01'));
    expect(pace(observed(), '2021-01-01')).toBe('no-recent-report');
    expect(pace(early, '2021-02-28')).toBe('no-recent-report');
    expect(pace(early, '2022-03-01')).toBe('on-track');
    expect(pace(early, '2022-03-02')).toBe('no-recent-report');
    expect(pace({ ...early, reportingIntervalDays: 730 }, '2022-03-02')).toBe('on-track');
  });

  test('on track: the share of the way is no less than the share of the time that had passed when it was observed', () => {
    const target = { ...cities, baseline: { value: number('0'), on: '2021-01-01' }, value: number('100'), dueOn: '2021-04-11' } as TargetContent;
    const on = (low: string) => pace({ target, ...observed(seen(low, '2021-02-10')) }, '2021-04-01');
    expect(daysBetween('2021-01-01', '2021-02-10')).toBe(40);
    expect([on('39.999999999'), on('40'), on('40.000000001')]).toEqual(['behind', 'on-track', 'on-track']);
  });

  test('time passed stays between the baseline and the due date', () => {
    expect(paceOn(inputs(observed(seen('100', '2019-06-01'))), '2019-07-01')).toMatchObject({ pace: 'on-track', timePassed: '0.0', fromBaseline: '0.0' });
    expect(paceOn(inputs(observed(seen('150', '2023-06-01'))), '2023-07-01')).toMatchObject({ pace: 'missed', timePassed: '100.0' });
  });

  test('going the wrong way is a negative share', () => {
    expect(paceOn(inputs(observed(seen('90', '2022-09-28'))), '2022-10-01')).toMatchObject({ pace: 'behind', fromBaseline: '-10.8' });
  });
});

describe('where falling is good', () => {
  test('the way goes down, and there is no overall share', () => {
    expect(paceOn(inputs(offline(seen('35', '2022-09-28'))), '2022-10-01')).toMatchObject({ pace: 'behind', fromBaseline: '25.0', overall: null });
    expect(pace(offline(seen('22', '2022-09-28')), '2022-10-01')).toBe('on-track');
    expect(pace(offline(seen('20', '2022-09-28')), '2022-10-01')).toBe('achieved');
    expect(pace(offline(seen('19', '2022-09-28')), '2022-10-01')).toBe('achieved');
  });

  test('the high bound of a range counts', () => {
    expect(paceOn(inputs(offline(seen('19', '2022-09-28', { high: '21' }))), '2022-10-01')).toMatchObject({ pace: 'on-track', actual: { bound: '21' } });
  });
});

test('the low bound of a range counts where rising is good', () => {
  expect(paceOn(inputs(observed(seen('190', '2022-09-28', { high: '193' }))), '2022-10-01')).toMatchObject({ pace: 'on-track', actual: { bound: '190' } });
  expect(pace(observed(seen('193', '2022-09-28', { high: '195' })), '2022-10-01')).toBe('achieved');
});

test.each([
  ['about', 'on-track', 'missed'],
  ['nearly', 'on-track', 'missed'],
  ['more than', 'achieved', 'achieved'],
  ['up to', 'achieved', 'achieved'],
] as const)('"%s 193" is %s, and %s after the due date', (qualifier, before, after) => {
  const reached = observed(seen('193', '2022-09-28', { qualifier }));
  expect([pace(reached, '2022-10-01'), pace(reached, '2023-01-01')]).toEqual([before, after]);
});

describe('the observation that counts', () => {
  const counted = (...observations: PaceObservation[]) => paceOn(inputs({ observations }), '2022-10-01').actual?.value;

  test('is the latest by its own date, among those not after the day', () => {
    expect(counted(seen('110', '2021-06-01', {}, 9), seen('120', '2022-06-01', {}, 1), seen('130', '2022-10-02', {}, 5))).toEqual(number('120'));
    expect(counted(seen('110', '2022-10-01'))).toEqual(number('110'));
    expect(counted(seen('110', '2022-10-02'))).toBeUndefined();
  });

  test('then the final before the provisional, whichever was published later', () => {
    const provisional = seen('120', '2022-06-01', { provisional: true }, 9);
    const final = seen('110', '2022-06-01', {}, 1);
    expect(counted(provisional, final)).toEqual(final.value);
    expect(counted(final, provisional)).toEqual(final.value);
    expect(counted(provisional)).toEqual(provisional.value);
  });

  test('then the one published later; in one update the later in its list', () => {
    expect(counted(seen('120', '2022-06-01', {}, 2), seen('110', '2022-06-01', {}, 1))).toEqual(number('120'));
    expect(counted(seen('120', '2022-06-01', {}, 1), seen('110', '2022-06-01', {}, 1))).toEqual(number('110'));
  });
});

describe('from the records', () => {
  const id = the('commitment');
  const target = the('target');
  const counted = (...history: History[]) => paceInputsOf(commitmentAfter(...history))[target]!.observations.map(({ value, asOf }) => [value.low, asOf]);

  test('published figures count, and what waits does not', () => {
    expect(counted(targetApproved, report('146'))).toEqual([['146', '2022-09-28']]);
    expect(counted(targetApproved, report('146').slice(0, 1))).toEqual([]);
    expect(counted(correctionSubmitted, targetApproved.slice(-2))).toEqual([['146', '2022-09-28']]);
  });

  test('retracted ones do not', () => {
    expect(counted(targetApproved, report('146'), by(undesa.approver, retractProgress, { id, update: the('update'), reason: text('Wrong') }))).toEqual([]);
  });

  test('a correction counts instead of what it corrects', () => {
    const correction = { kind: 'correction', corrects: 1, reason: text('The annex says 145') };
    const corrected = [
      by(undesa.focalPoint, submitProgressVersion, { id, update: the('update'), change: correction, content: progress({ observations: [observation({ value: number('145') })] }) }),
      by(undesa.approver, publishProgress, { id, update: the('update'), version: 2 }),
    ];
    expect(counted(targetApproved, report('146'), corrected)).toEqual([['145', '2022-09-28']]);
  });

  test('parts of the whole, other indicators and other units do not', () => {
    expect(counted(targetApproved, report('46', { disaggregation: { location: 'Africa' } }))).toEqual([]);
    expect(counted(targetApproved, report('46', { indicator: 'offline', unit: 'percent' }))).toEqual([]);
    const commitment = commitmentAfter(targetApproved, report('146'));
    const published = commitment.updates[the('update')]!;
    const inTowns = { ...published.versions[0]!, content: { ...published.versions[0]!.content, observations: [{ ...published.versions[0]!.content.observations[0]!, unit: 'towns' }] } };
    expect(paceInputsOf({ ...commitment, updates: { a: { ...published, versions: [inTowns] } } })[target]!.observations).toEqual([]);
  });

  test('a target that waits has no pace; a revised one has that of its approved version', () => {
    expect(paceInputsOf(commitmentAfter(targetProposed))).toEqual({});
    const revise = by(undesa.focalPoint, proposeTargetVersion, { id, target, change: { kind: 'revision', reason: text('Less') }, content: citiesTarget({ value: number('146') }) });
    const approve = by(undesa.approver, approveTarget, { id, target, version: 2 });
    const paceAfter = (...history: History[]) => paceOn(paceInputsOf(commitmentAfter(targetApproved, report('146'), ...history))[target]!, '2022-10-01').pace;
    expect([paceAfter(revise), paceAfter(revise, approve)]).toEqual(['behind', 'achieved']);
  });

  test('the reporting interval is that of the approved content', () => {
    const propose = by(undesa.focalPoint, proposeAmendment, { id, change: { kind: 'revision', reason: text('Biennial') }, content: content({ reportingIntervalDays: 730 }) });
    const approve = by(undesa.approver, approveAmendment, { id, version: 2 });
    const interval = (...history: History[]) => paceInputsOf(commitmentAfter(targetApproved, ...history))[target]!.reportingIntervalDays;
    expect([interval(), interval(propose), interval(propose, approve)]).toEqual([365, 365, 730]);
  });

  test('each target has its own, in the order in which they were proposed', () => {
    const second = [
      by(undesa.focalPoint, proposeTarget, { id, content: { kind: 'qualitative', text: text('Scale') } }),
      by(undesa.approver, approveTarget, { id, target: the('target', 2), version: 1 }),
    ];
    expect(Object.keys(paceInputsOf(commitmentAfter(targetApproved, second)))).toEqual([target, the('target', 2)]);
  });

  test('a draft has none', () => {
    expect(paceInputsOf(commitmentAfter(submitted))).toEqual({});
  });
});

describe('a commitment’s pace', () => {
  test('is its worst target’s', () => {
    expect(worst(['achieved', 'on-track', 'not-assessable', 'no-recent-report', 'behind', 'missed'])).toBe('missed');
    const order: Pace[] = ['missed', 'behind', 'no-recent-report', 'not-assessable', 'on-track', 'achieved'];
    for (let from = 0; from < order.length; from++) expect(worst(order.slice(from).reverse())).toBe(order[from]);
    expect([...paces]).toEqual(order);
  });

  test('holds from a day to the day before the next', () => {
    expect(paceSteps([inputs()])).toEqual([
      { from: ALWAYS, pace: 'no-recent-report' },
      { from: '2022-09-28', pace: 'behind' },
      { from: '2023-01-01', pace: 'missed' },
    ]);
    expect(paceSteps([inputs(), inputs({ target: { kind: 'qualitative', text: text('Scale') } })])[0]).toEqual({ from: ALWAYS, pace: 'no-recent-report' });
  });

  test('is none without targets', () => {
    expect(paceSteps([])).toEqual([]);
  });

  test('law: the steps agree with every single day', () => {
    fc.assert(
      fc.property(fc.array(anyInputs(), { minLength: 1, maxLength: 3 }), (targets) => {
        const steps = paceSteps(targets);
        expect(steps[0]!.from).toBe(ALWAYS);
        steps.slice(1).forEach((step, index) => {
          expect(step.from > steps[index]!.from).toBe(true);
          expect(step.pace).not.toBe(steps[index]!.pace);
        });
        for (let day = -30; day <= 200; day++) {
          const on = addDays(START, day);
          const expected = worst(targets.map((one) => paceOn(one, on).pace));
          if (steps.findLast((step) => step.from <= on)!.pace !== expected) throw new Error(`on ${on} the pace is ${expected}`);
        }
      }),
      { numRuns: 200 },
    );
  });
});

const START = '2022-01-01';

/** Targets and observations so close together that every rule has its turn. */
function anyInputs(): fc.Arbitrary<PaceInputs> {
  const day = fc.integer({ min: 0, max: 120 }).map((days) => addDays(START, days));
  const value = fc.record({
    low: fc.integer({ min: -2, max: 6 }),
    width: fc.constantFrom(undefined, 0, 1),
    qualifier: fc.constantFrom(undefined, 'about', 'nearly', 'more than', 'up to'),
    provisional: fc.boolean(),
  }).map(({ low, width, qualifier, provisional }) => ({ low: `${low}`, high: width === undefined ? undefined : `${low + width}`, qualifier, provisional }) as Value);
  const quantitative = fc.record({
    kind: fc.constant('quantitative' as const),
    indicator: fc.constant('LOSI.cities'),
    unit: fc.constant('cities'),
    baseline: fc.oneof({ weight: 9, arbitrary: fc.record({ value, on: day }) }, { weight: 1, arbitrary: fc.constant('unknown' as const) }),
    value,
    dueOn: day,
  });
  const qualitative = fc.constant<TargetContent>({ kind: 'qualitative', text: text('Scale') });
  return fc.record({
    target: fc.oneof({ weight: 9, arbitrary: quantitative }, { weight: 1, arbitrary: qualitative }),
    direction: fc.constantFrom('rising', 'falling'),
    reportingIntervalDays: fc.integer({ min: 1, max: 40 }),
    observations: fc.array(fc.record({ value, asOf: day, position: fc.integer({ min: 1, max: 5 }) }), { maxLength: 4 }),
  });
}

function report(low: string, changes: object = {}) {
  const id = the('commitment');
  return [
    by(undesa.focalPoint, submitProgress, { id, content: progress({ observations: [observation({ value: number(low), ...changes })] }) }),
    by(undesa.approver, publishProgress, { id, update: the('update'), version: 1 }),
  ];
}

function commitmentAfter(...history: History[]) {
  const stream = `commitment-${the('commitment')}`;
  return fold('commitment', logOf(...history).filter((event) => event.stream === stream));
}
