import { foldBatch } from './fold-batch.ts';
import { evolveThing, recorded, things, type Thing } from './things.fixture.ts';
import { STILL_VALID } from './view.ts';

const none = new Map<string, Thing>();

test('every change inside a batch gives a version, each ending where the next begins', () => {
  const events = recorded([
    ['ThingSet', { id: 'a', title: 'one' }],
    ['ThingSet', { id: 'b', title: 'other' }],
    ['ThingSet', { id: 'a', title: 'two' }],
  ]);
  const [a, b] = foldBatch(things, none, events);
  expect(a!.versions).toMatchObject([
    { title: 'one', validFrom: 1, validTo: 3 },
    { title: 'two', validFrom: 3, validTo: STILL_VALID },
  ]);
  expect(a!.after).toEqual(expect.objectContaining({ title: 'two', times: 2 }));
  expect(b!.versions).toMatchObject([{ title: 'other', validFrom: 2, validTo: STILL_VALID }]);
});

test('a row from before ends at its first change, and only its own id is touched', () => {
  const before = evolveThing(undefined, recorded([['ThingSet', { id: 'a' }]])[0]!, 'a')!;
  const events = recorded([['ThingSet', { id: 'a' }], ['ThingSet', { id: 'a' }]], 5);
  const [a, ...others] = foldBatch(things, new Map([['a', before]]), events);
  expect(others).toEqual([]);
  expect(a).toMatchObject({ before, beforeEndedAt: 5, after: { times: 3 } });
  expect(a!.versions.map(({ validFrom, validTo }) => [validFrom, validTo])).toEqual([[5, 6], [6, STILL_VALID]]);
});

test('a row that goes leaves no open version, and may come again', () => {
  const before = evolveThing(undefined, recorded([['ThingSet', { id: 'a' }]])[0]!, 'a')!;
  const gone = foldBatch(things, new Map([['a', before]]), recorded([['ThingGone', { id: 'a' }]], 2));
  expect(gone).toEqual([{ id: 'a', before, beforeEndedAt: 2, after: undefined, versions: [] }]);

  const events = recorded([['ThingSet', { id: 'a' }], ['ThingGone', { id: 'a' }], ['ThingSet', { id: 'a' }]]);
  const [again] = foldBatch(things, none, events);
  expect(again!.versions.map(({ validFrom, validTo }) => [validFrom, validTo])).toEqual([[1, 2], [3, STILL_VALID]]);
});

test('an event that changes nothing gives no version', () => {
  const [a] = foldBatch(things, none, recorded([['ThingSet', { id: 'a' }], ['ThingLeft', { id: 'a' }], ['ThingGone', { id: 'x' }]]));
  expect(a!.versions).toHaveLength(1);
  expect(a!.versions[0]!.validTo).toBe(STILL_VALID);
});

test('a row that comes out with the id of another is refused', () => {
  const wrong = { ...things, evolve: () => ({ id: 'b' }) as Thing };
  expect(() => foldBatch(wrong, none, recorded([['ThingSet', { id: 'a' }]]))).toThrow('the row for "a" came out with id "b"');
});
