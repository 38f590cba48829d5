import { ALWAYS } from '#domain/calendar.ts';
import { approveAmendment } from '#domain/commitment/approve-amendment.ts';
import { approveTarget } from '#domain/commitment/approve-target.ts';
import { claimCompletion } from '#domain/commitment/claim-completion.ts';
import { declineCompletion } from '#domain/commitment/decline-completion.ts';
import { joinCommitment } from '#domain/commitment/join.ts';
import { proposeAmendment } from '#domain/commitment/propose-amendment.ts';
import { proposeTarget } from '#domain/commitment/propose-target.ts';
import { registerCommitment } from '#domain/commitment/register.ts';
import { startCommitment } from '#domain/commitment/start.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import { supersedeCommitment } from '#domain/commitment/supersede.ts';
import { withdrawCommitment } from '#domain/commitment/withdraw.ts';
import { by, the, type Step } from '#testing/given.ts';
import { active, catalogue, citiesTarget, closed, content, itu, progressPublished, registered, reviewer, text, undesa, undp } from '#testing/scenes.ts';
import { figuresOf } from './commitment-figures.ts';
import { commitments, type CommitmentRow } from './commitments.ts';
import { rowsAfter } from './folded.fixture.ts';

const id = the('commitment');

/** What the first commitment adds to a scope, as `measure: [[from, amount], ...]`. */
function figures(history: readonly Step[], actionLine: string, agency: string): Record<string, [string, number | string][]> {
  const row = rowsAfter(commitments, history).find((one) => one.id === id)!;
  const found = figuresOf(row).filter((one) => one.actionLine === actionLine && one.agency === agency);
  return Object.fromEntries(
    [...Map.groupBy(found, ({ measure }) => measure)].map(([measure, all]) => [measure, all.map(({ countsFrom, amount }) => [countsFrom, amount])]),
  );
}

function scopes(row: CommitmentRow): string[] {
  return [...new Set(figuresOf(row).map(({ actionLine, agency }) => `${actionLine} ${agency}`))];
}

function joint(changes: object): Step[] {
  return [
    ...catalogue,
    by(undp.focalPoint, submitCommitment, { lead: 'UNDP', content: content({ actionLines: ['C4', 'C7-eGov'], ...changes }) }),
    by(undp.approver, registerCommitment, { id }),
    by(itu.approver, joinCommitment, { id, agency: 'ITU' }),
  ];
}

test('a joint commitment has one place in each total, and one under each line with each party', () => {
  const [row] = rowsAfter(commitments, joint({}));
  expect(scopes(row!)).toEqual([
    '* *',
    'C4 *', 'C7-eGov *', 'C7 *',
    '* UNDP', '* ITU',
    'C4 UNDP', 'C4 ITU', 'C7-eGov UNDP', 'C7-eGov ITU',
  ]);
  for (const scope of scopes(row!)) {
    const [actionLine, agency] = scope.split(' ') as [string, string];
    expect(figures(joint({}), actionLine, agency).commitments).toEqual([[ALWAYS, 1]]);
  }
});

test('C7 has a total where a part of C7 is named, and no other line has', () => {
  const [row] = rowsAfter(commitments, joint({ actionLines: ['C4', 'C1'] }));
  expect(scopes(row!).filter((scope) => scope.startsWith('C7'))).toEqual([]);
});

test('an agency leads or is a partner', () => {
  for (const line of ['*', 'C4']) {
    expect(figures(joint({}), line, 'UNDP')).toMatchObject({ asLead: [[ALWAYS, 1]] });
    expect(figures(joint({}), line, 'UNDP')).not.toHaveProperty('asPartner');
    expect(figures(joint({}), line, 'ITU')).toMatchObject({ asPartner: [[ALWAYS, 1]] });
    expect(figures(joint({}), line, 'ITU')).not.toHaveProperty('asLead');
    expect(Object.keys(figures(joint({}), line, '*'))).not.toEqual(expect.arrayContaining([expect.stringMatching(/^as/)]));
  }
});

test('it counts under the status that it has', () => {
  expect(figures(registered, '*', '*')).toMatchObject({ 'status:registered': [[ALWAYS, 1]] });
  expect(figures(active, 'C7-eGov', 'UNDESA')).toMatchObject({ 'status:active': [[ALWAYS, 1]] });
  expect(figures(active, '*', '*')).not.toHaveProperty('status:registered');
});

test('without targets it has no pace', () => {
  expect(Object.keys(figures(progressPublished, '*', '*')).filter((measure) => measure.startsWith('pace:'))).toEqual([]);
});

test('a pace counts from its first day to the first of the next', () => {
  const target = [
    by(undesa.focalPoint, proposeTarget, { id, content: citiesTarget() }),
    by(undesa.approver, approveTarget, { id, target: the('target'), version: 1 }),
  ];
  expect(figures([...progressPublished, ...target], 'C7-eGov', 'UNDESA')).toMatchObject({
    'pace:no-recent-report': [[ALWAYS, 1], ['2022-09-28', -1]],
    'pace:behind': [['2022-09-28', 1], ['2023-01-01', -1]],
    'pace:missed': [['2023-01-01', 1]],
  });
});

describe('overdue', () => {
  const withdrawn = (occurredOn: string) => by(undesa.approver, withdrawCommitment, { id, reason: text('No funds') }, { occurredOn });

  test('from the day after the due date on', () => {
    expect(figures(active, '*', '*').overdue).toEqual([['2023-01-01', 1]]);
  });

  test('until its completion is claimed, or it ends', () => {
    const steps = [...active, by(undesa.approver, claimCompletion, { id, statement: text('Done'), selfDeclared: true }, { occurredOn: '2023-03-01' })];
    expect(figures(steps, '*', '*').overdue).toEqual([['2023-01-01', 1], ['2023-03-01', -1]]);
    expect(figures([...active, withdrawn('2023-04-01')], '*', '*').overdue).toEqual([['2023-01-01', 1], ['2023-04-01', -1]]);
    expect(figures(closed, '*', '*').overdue).toEqual([['2023-01-01', 1], ['2023-06-01', -1]]);
  });

  test('on, when the claim is declined', () => {
    const steps = [
      ...active,
      by(undesa.approver, claimCompletion, { id, statement: text('Done'), selfDeclared: true }, { occurredOn: '2023-03-01' }),
      by(reviewer, declineCompletion, { id, reason: text('Half of it is missing') }),
    ];
    expect(figures(steps, '*', '*').overdue).toEqual([['2023-01-01', 1]]);
  });

  test.each(['2022-12-31', '2023-01-01'])('never, when it ends on %s', (occurredOn) => {
    expect(figures([...active, withdrawn(occurredOn)], '*', '*')).not.toHaveProperty('overdue');
  });

  test('never, without a due date', () => {
    const { dueOn: _, ...endless } = content();
    const steps = [
      ...catalogue,
      by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: endless }),
      by(undesa.approver, registerCommitment, { id }),
      by(undesa.approver, startCommitment, { id }),
    ];
    expect(figures(steps, '*', '*')).not.toHaveProperty('overdue');
  });
});

test('the latest update counts from its day', () => {
  expect(figures(active, '*', '*')).not.toHaveProperty('lastUpdate');
  for (const [line, agency] of [['*', '*'], ['C7', '*'], ['*', 'UNDESA'], ['C7-eGov', 'UNDESA']] as const)
    expect(figures(progressPublished, line, agency).lastUpdate).toEqual([['2023-06-01', 1]]);
});

describe('what is pledged', () => {
  const pledged = [{ amount: '100000000', currency: 'USD' }, { amount: '2000000.50', currency: 'CHF' }];
  const isPledgedIn = (history: readonly Step[], line: string, agency: string) => 'pledged:USD' in figures(history, line, agency);

  test('counts in the totals, by currency', () => {
    expect(figures(joint({ pledged }), '*', '*')).toMatchObject({ 'pledged:USD': [[ALWAYS, '100000000']], 'pledged:CHF': [[ALWAYS, '2000000.50']] });
    for (const line of ['C4', 'C7-eGov', 'C7']) expect(isPledgedIn(joint({ pledged }), line, '*')).toBe(true);
    expect(isPledgedIn(joint({ pledged }), '*', 'UNDP')).toBe(true);
  });

  test('counts neither for a partner nor in the cells', () => {
    expect(isPledgedIn(joint({ pledged }), '*', 'ITU')).toBe(false);
    expect(isPledgedIn(joint({ pledged }), 'C4', 'UNDP')).toBe(false);
  });

  test('is not counted beside the whole that it is a part of', () => {
    const part = [
      by(undp.focalPoint, submitCommitment, { lead: 'UNDP', content: content({ pledged, partOf: id }) }),
      by(undp.approver, registerCommitment, { id: the('commitment', 2) }),
    ];
    const rows = rowsAfter(commitments, joint({ pledged }), part);
    const counted = rows.flatMap(figuresOf).filter(({ actionLine, agency, measure }) => actionLine === '*' && agency === '*' && measure === 'pledged:USD');
    expect(rows).toHaveLength(2);
    expect(counted.map(({ amount }) => amount)).toEqual(['100000000']);
  });

  test('is counted for the last whole of a chain alone: a whole may become a part later', () => {
    const second = the('commitment', 2);
    const third = the('commitment', 3);
    const chain = [
      by(undp.focalPoint, submitCommitment, { lead: 'UNDP', content: content({ pledged, partOf: id }) }),
      by(undp.approver, registerCommitment, { id: second }),
      by(undp.focalPoint, submitCommitment, { lead: 'UNDP', content: content({ pledged: [{ amount: '500000000', currency: 'USD' }] }) }),
      by(undp.approver, registerCommitment, { id: third }),
      by(undp.focalPoint, proposeAmendment, { id, change: { kind: 'revision', reason: text('A larger goal') }, content: content({ pledged, partOf: third }) }),
      by(undp.approver, approveAmendment, { id, version: 2 }),
    ];
    const rows = rowsAfter(commitments, joint({ pledged }), chain);
    const counted = rows.flatMap(figuresOf).filter(({ actionLine, agency, measure }) => actionLine === '*' && agency === '*' && measure === 'pledged:USD');
    expect(rows.map(({ partOf }) => partOf).sort()).toEqual([id, null, third].sort());
    expect(counted.map(({ amount }) => amount)).toEqual(['500000000']);
  });

  test('is not counted once it will not come', () => {
    const withdrawn = by(undp.approver, withdrawCommitment, { id, reason: text('No funds') });
    const superseded = [
      by(undp.focalPoint, submitCommitment, { lead: 'UNDP', content: content() }),
      by(undp.approver, registerCommitment, { id: the('commitment', 2) }),
      by(undp.approver, supersedeCommitment, { id, by: the('commitment', 2), reason: text('Merged') }),
    ];
    expect(isPledgedIn([...joint({ pledged }), withdrawn], '*', '*')).toBe(false);
    expect(isPledgedIn([...joint({ pledged }), ...superseded], '*', '*')).toBe(false);
  });
});
