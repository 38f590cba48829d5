import { addDays } from '#domain/calendar.ts';
import { paceInputsOf, paceOn, worst } from '#domain/pace.ts';
import { logOf } from '#testing/given.ts';
import { everything } from '#testing/scenes.ts';
import { views } from '../views.ts';
import { commitments } from './commitments.ts';
import { asTheDomainSays, publicCommitments } from './domain-states.fixture.ts';
import { folded } from './folded.fixture.ts';

const log = logOf(everything);
/** Every day of some years. */
const DAYS = Array.from({ length: 3_000 }, (_, day) => addDays('2019-01-01', day));

const told = views.filter(({ name }) => name !== 'topics');

test('what the domain says is known for every view', () => {
  expect(Object.keys(asTheDomainSays).sort()).toEqual(told.map(({ name }) => name).sort());
});

test.each(told.map((view) => [view.name, view] as const))('%s: after every event the rows say what the domain says', (name, view) => {
  for (let length = 0; length <= log.length; length++) {
    const expected = byId(asTheDomainSays[name]!(log.slice(0, length)));
    expect(folded(view, log.slice(0, length))).toEqual(expected.map((row) => expect.objectContaining(row)));
  }
});

test('a commitment has, on every day, the pace that the domain works out', () => {
  const rows = new Map(folded(commitments, log).map((row) => [row.id, row]));
  for (const state of publicCommitments(log)) {
    const { paceFrom, pace } = rows.get(state.id)!;
    const inputs = Object.values(paceInputsOf(state));
    for (const on of DAYS) {
      const expected = inputs.length === 0 ? undefined : worst(inputs.map((one) => paceOn(one, on).pace));
      expect([on, pace[paceFrom.filter((from) => from <= on).length - 1]]).toEqual([on, expected]);
    }
  }
});

function byId(rows: object[]): { id: string }[] {
  return (rows as { id: string }[]).sort((a, b) => (a.id < b.id ? -1 : 1));
}
