import { approveTarget } from '#domain/commitment/approve-target.ts';
import { proposeTargetVersion } from '#domain/commitment/propose-target-version.ts';
import { proposeTarget } from '#domain/commitment/propose-target.ts';
import { by, the } from '#testing/given.ts';
import { active, citiesTarget, number, targetApproved, targetProposed, text, undesa } from '#testing/scenes.ts';
import { rowAfter, rowsAfter } from './folded.fixture.ts';
import { targets } from './targets.ts';

const id = the('commitment');

test('a proposed target is not public', () => {
  expect(rowsAfter(targets, targetProposed)).toEqual([]);
});

test('an approved one has a row, with the direction of its indicator', () => {
  expect(rowAfter(targets, targetApproved)).toEqual({
    id: the('target'),
    commitmentId: id,
    version: 1,
    change: { kind: 'new' },
    kind: 'quantitative',
    content: citiesTarget(),
    indicator: 'LOSI.cities',
    unit: 'cities',
    direction: 'rising',
    dueOn: '2022-12-31',
    approvedOn: '2023-06-01',
    updatedAt: '2023-06-01T12:00:00.000Z',
    updatedPosition: expect.any(Number),
  });
});

test('a qualitative one has a text, and a day only where one was set', () => {
  const content = { kind: 'qualitative', text: text('Cities learn from each other') };
  const proposed = by(undesa.focalPoint, proposeTarget, { id, content });
  const approved = by(undesa.approver, approveTarget, { id, target: the('target'), version: 1 });
  expect(rowAfter(targets, active, proposed, approved)).toMatchObject({
    kind: 'qualitative',
    content,
    indicator: null,
    unit: null,
    direction: null,
    dueOn: null,
  });
});

test('a version stands until the next is approved', () => {
  const change = { kind: 'correction', corrects: 1, reason: text('193 are all') };
  const content = citiesTarget({ value: number('190') });
  const corrected = by(undesa.focalPoint, proposeTargetVersion, { id, target: the('target'), change, content });
  const approved = by(undesa.approver, approveTarget, { id, target: the('target'), version: 2 });
  expect(rowAfter(targets, targetApproved, corrected)).toMatchObject({ version: 1, content: citiesTarget() });
  expect(rowAfter(targets, targetApproved, corrected, approved)).toMatchObject({ version: 2, change, content });
});
