import fc from 'fast-check';
import { addDays } from '#domain/calendar.ts';
import { eventType } from '#domain/events.ts';
import { paceInputsOf, paceOn, worst } from '#domain/pace.ts';
import { logOf } from '#testing/given.ts';
import { randomHistory } from '#testing/histories.ts';
import { everything } from '#testing/scenes.ts';
import { views } from '../views.ts';
import { commitments } from './commitments.ts';
import { asTheDomainSays, publicCommitments } from './domain-states.fixture.ts';
import { folded } from './folded.fixture.ts';

const told = views.filter(({ name }) => name !== 'topics');
const anyHistory = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 300 })).map(([seed, events]) => randomHistory(seed, events));

test('what the domain says is known for every view', () => {
  expect(Object.keys(asTheDomainSays).sort()).toEqual(told.map(({ name }) => name).sort());
});

test.each(told.map((view) => [view.name, view] as const))('%s: the rows say what the domain says, after every event there is', (name, view) => {
  const log = logOf(everything);
  for (let length = 0; length <= log.length; length++) {
    const expected = byId(asTheDomainSays[name]!(log.slice(0, length)));
    expect(folded(view, log.slice(0, length))).toEqual(expected.map((row) => expect.objectContaining(row)));
  }
});

test('the rows of every view say what the domain says, after any history', () => {
  fc.assert(fc.property(anyHistory, (log) => {
    for (const view of told) {
      const expected = byId(asTheDomainSays[view.name]!(log));
      expect(folded(view, log)).toEqual(expected.map((row) => expect.objectContaining(row)));
    }
  }), { numRuns: 40 });
});

test('the public views are the same where only what is public ever happened', () => {
  fc.assert(fc.property(anyHistory, (log) => {
    const publicLog = log.filter(({ type }) => eventType(type)!.public);
    for (const view of views.filter(({ name }) => name !== 'proposals')) expect(folded(view, publicLog)).toEqual(folded(view, log));
  }), { numRuns: 40 });
});

test('a commitment has, on every day, the pace that the domain works out', () => {
  fc.assert(fc.property(anyHistory, (log) => {
    const rows = new Map(folded(commitments, log).map((row) => [row.id, row]));
    for (const state of publicCommitments(log)) {
      const { paceFrom, pace } = rows.get(state.id)!;
      const inputs = Object.values(paceInputsOf(state));
      for (const on of DAYS) {
        const expected = inputs.length === 0 ? undefined : worst(inputs.map((one) => paceOn(one, on).pace));
        expect([on, pace[paceFrom.filter((from) => from <= on).length - 1]]).toEqual([on, expected]);
      }
    }
  }), { numRuns: 20 });
});

/** Every tenth day or so of some years. */
const DAYS = Array.from({ length: 250 }, (_, n) => addDays('2020-01-01', n * 10 + (n % 7)));

function byId(rows: object[]): { id: string }[] {
  return (rows as { id: string }[]).sort((a, b) => (a.id < b.id ? -1 : 1));
}
