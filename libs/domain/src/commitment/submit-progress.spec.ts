import { given, the } from '#testing/given.ts';
import {
  active, endings, joined, number, observation, paper, progress, reportedProgress, secretariat, submitted, suspended, targetApproved, targetProposed, text,
  undesa, undp,
} from '#testing/scenes.ts';
import { submitProgress } from './submit-progress.ts';

const id = the('commitment');
const update = the('update');
const report = (changes: object = {}) => ({ id, content: progress(changes) });
const refused = (changes: object) => given(active).when(undesa.focalPoint, submitProgress, report(changes));
const accepted = (changes: object, full: object = changes) =>
  given(active)
    .when(undesa.focalPoint, submitProgress, report(changes))
    .then('ProgressSubmitted', { updateId: update, version: 1, change: { kind: 'new' }, agency: 'UNDESA', content: reportedProgress(full) });

test('a party reports; the update waits for approval', () => {
  const state = accepted({});
  expect(state.updates[update]).toEqual({
    versions: [{ version: 1, change: { kind: 'new' }, content: reportedProgress(), status: 'proposed', author: undesa.focalPoint.id, authorRole: 'focal-point' }],
    status: 'proposed',
    agency: 'UNDESA',
    publishedPosition: 0,
  });
});

test('a partner reports in its own name; the secretariat transcribes in the name of the lead', () => {
  given(joined).when(undp.focalPoint, submitProgress, report()).then('ProgressSubmitted', expect.objectContaining({ agency: 'UNDP' }));
  given(joined)
    .when(secretariat, submitProgress, report(), { transcribedFrom: { document: 'UNDESA’s submission', place: 'Summary' } })
    .then('ProgressSubmitted', expect.objectContaining({ agency: 'UNDESA' }));
});

test('it keeps the version of each target that it was made against', () => {
  const against = (targetVersions: object) => expect.objectContaining({ content: expect.objectContaining({ targetVersions }) });
  given(targetApproved).when(undesa.focalPoint, submitProgress, report()).then('ProgressSubmitted', against({ [the('target')]: 1 }));
  given(targetProposed).when(undesa.focalPoint, submitProgress, report()).then('ProgressSubmitted', against({}));
  const ofOthers = report({ observations: [observation({ indicator: 'offline', unit: 'percent', value: number('50') })] });
  given(targetApproved).when(undesa.focalPoint, submitProgress, ofOthers).then('ProgressSubmitted', against({}));
});

test('"nearly 250" and "about 14 to 15" are kept as said', () => {
  const observations = [
    observation({ value: { low: '150', qualifier: 'nearly', provisional: false } }),
    observation({ value: { low: '14', high: '15', qualifier: 'about', provisional: true } }),
  ];
  accepted({ observations });
});

test('a context statistic may be reported: 150 million more in extreme poverty', () => {
  accepted({ observations: [observation({ indicator: 'poverty', unit: 'people', value: number('150000000', { provisional: true }) })] });
});

test('an update tells something, or says why it was not assessed', () => {
  accepted({ observations: [], narrative: [{ part: 'one', text: text('A workshop was held') }] });
  accepted({ observations: [], notAssessed: text('The survey is held every second year') });
  refused({ observations: [] }).thenRefused('PROGRESS.EMPTY', '/content');
});

test('an update that was not assessed observes nothing', () => {
  refused({ notAssessed: text('No survey') }).thenRefused('PROGRESS.NOT_ASSESSED_WITH_VALUES', '/content/observations');
});

test('a period does not start after its end, nor end in the future', () => {
  refused({ from: '2022-10-01', to: '2022-09-30' }).thenRefused('PROGRESS.PERIOD', '/content/to');
  refused({ to: '2023-06-02' }).thenRefused('PROGRESS.PERIOD', '/content/to');
  accepted({ from: '2023-06-01', to: '2023-06-01' });
});

test('an as-of date is not in the future', () => {
  refused({ observations: [observation(), observation({ asOf: '2023-06-02' })] }).thenRefused('OBSERVATION.IN_FUTURE', '/content/observations/1/asOf');
  accepted({ observations: [observation({ asOf: '2023-06-01' })] });
});

test('an observation is of a known indicator, in its unit and within its bounds', () => {
  refused({ observations: [observation({ indicator: 'UNDP.labs' })] }).thenRefused('INDICATOR.UNKNOWN', '/content/observations/0/indicator');
  refused({ observations: [observation({ unit: 'percent' })] }).thenRefused('OBSERVATION.UNIT_MISMATCH', '/content/observations/0/unit');
  refused({ observations: [observation({ value: number('194') })] }).thenRefused('OBSERVATION.OUT_OF_RANGE', '/content/observations/0/value');
  refused({ observations: [observation({ value: number('100', { high: '194' }) })] }).thenRefused('OBSERVATION.OUT_OF_RANGE', '/content/observations/0/value');
});

test('the issuers of its evidence are registered agencies, and nothing is dated in the future', () => {
  refused({ evidence: [paper(), paper({ issuer: 'WHO', date: '2023-06-02' })] }).thenRefusedForAll(
    ['AGENCY.UNKNOWN', '/content/evidence/1/issuer'],
    ['EVIDENCE.IN_FUTURE', '/content/evidence/1/date'],
  );
  accepted({ evidence: [paper({ date: '2023-06-01' })] });
});

test('all that is wrong is told at once', () => {
  refused({
    to: '2024-01-01',
    observations: [observation({ unit: 'towns', value: number('-1'), asOf: '2024-01-01' }), observation({ indicator: 'UNDP.labs', asOf: '2024-01-01' })],
  }).thenRefusedForAll(
    ['PROGRESS.PERIOD', '/content/to'],
    ['OBSERVATION.IN_FUTURE', '/content/observations/0/asOf'],
    ['OBSERVATION.UNIT_MISMATCH', '/content/observations/0/unit'],
    ['OBSERVATION.OUT_OF_RANGE', '/content/observations/0/value'],
    ['OBSERVATION.IN_FUTURE', '/content/observations/1/asOf'],
    ['INDICATOR.UNKNOWN', '/content/observations/1/indicator'],
  );
});

test('also while it is suspended; not before it is registered, nor after it ended', () => {
  given(suspended).when(undesa.focalPoint, submitProgress, report()).then('ProgressSubmitted', expect.anything());
  given().when(undesa.focalPoint, submitProgress, report()).thenRefused('COMMITMENT.UNKNOWN');
  given(submitted).when(undesa.focalPoint, submitProgress, report()).thenRefused('COMMITMENT.NOT_PUBLIC');
  for (const history of Object.values(endings)) given(history).when(undesa.focalPoint, submitProgress, report()).thenRefused('COMMITMENT.NO_UPDATE_AFTER_END');
});
