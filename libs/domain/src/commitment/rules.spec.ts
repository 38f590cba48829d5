import { logOf, the } from '#testing/given.ts';
import { fold } from '#testing/ledger-in-memory.ts';
import { active, citiesTarget, number, paper, progress, reviewer, text, undesa } from '#testing/scenes.ts';
import type { IndicatorState } from '../indicator/indicator.ts';
import { DomainError } from '../refusal.ts';
import { decide, type Context, type Facts, type UseCase } from '../use-case.ts';
import type { Value } from '../values.ts';
import { attachEvidence } from './attach-evidence.ts';
import { proposeTarget } from './propose-target.ts';
import { raiseFinding } from './raise-finding.ts';
import { reportObstacle } from './report-obstacle.ts';
import { isWithin, RECORDS_MAX, UPDATES_MAX } from './rules.ts';
import type { CommitmentState } from './state.ts';
import { submitProgress } from './submit-progress.ts';

const id = the('commitment');
const log = logOf(active);
const commitment = fold('commitment', log.filter(({ stream }) => stream === `commitment-${id}`));
const cities = fold('indicator', log.filter(({ stream }) => stream === 'indicator-LOSI.cities'));
const context: Context = {
  actor: undesa.focalPoint,
  occurredOn: '2023-06-01',
  today: '2023-06-01',
  facts: { indicator: () => cities, agency: () => ({ registered: true }) } as unknown as Facts,
  newId: (label) => the(label),
};

test.each<[keyof CommitmentState, UseCase, object]>([
  ['targets', proposeTarget, { content: citiesTarget() }],
  ['updates', submitProgress, { content: progress() }],
  ['obstacles', reportObstacle, { description: text('Demand outgrows funds') }],
  ['evidence', attachEvidence, { evidence: paper() }],
  ['findings', raiseFinding, { finding: text('No source') }],
])('a commitment holds a bounded number of %s', (kind, useCase, body) => {
  const actor = kind === 'findings' ? reviewer : undesa.focalPoint;
  const record = { versions: [] };
  const decided = (records: number) => {
    const full = Object.fromEntries(Array.from({ length: records }, (_, index) => [the(kind, index), record]));
    return decide(useCase, { id, ...useCase.body.parse(body) }, { ...commitment, [kind]: full }, { ...context, actor });
  };
  const max = kind === 'updates' ? UPDATES_MAX : RECORDS_MAX;
  expect(decided(max - 1)).toHaveLength(1);
  expect(() => decided(max)).toThrow(DomainError);
  expect(() => decided(max)).toThrow(`${max} records of a kind`);
});

test.each<[object, string | null, string | null, boolean]>([
  [number('0'), '0', '193', true],
  [number('193'), '0', '193', true],
  [number('193.0'), '0', '193', true],
  [number('-0.000000001'), '0', '193', false],
  [number('0', { high: '194' }), '0', '193', false],
  [number('-5', { high: '10' }), '0', null, false],
  [number('-5', { high: '10' }), null, '10', true],
  [number('999999999999999999'), null, null, true],
])('%j is between %s and %s: %s', (value, min, max, expected) => {
  expect(isWithin(value as Value, { revision: 1, definition: { min, max } } as IndicatorState)).toBe(expected);
});
