import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { someEvent } from '../event-store.contract.ts';
import type { AppendResult, ExpectedRevision } from '../event-store.ts';
import { migrateEventLog } from './migrate-event-log.ts';
import { PostgresEventStore } from './postgres-event-store.ts';

let database: TestDatabase;
let store: PostgresEventStore;

beforeAll(async () => {
  database = await testDatabase();
  await migrateEventLog(database.url);
  store = await PostgresEventStore.connect({ url: database.url });
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

test('any appends, one after another or at once, have the outcome of a model in memory', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(someAppend, { minLength: 1, maxLength: 25 }), fc.boolean(), async (appends, atOnce) => {
      const run = randomUUID();
      const model = new Map<string, string[]>();
      const calls = appends.map(({ stream, expected, ids }) => ({ stream: `s${stream}-${run}`, expected, ids: ids.map((id) => uuid(run, id)) }));
      const foretold = calls.map((call) => decide(model, call));
      const before = await store.head();

      const append = ({ stream, expected, ids }: Call) => store.append(stream, expected, ids.map((id) => ({ ...someEvent(), id })));
      const results: AppendResult[] = [];
      // Appends to one stream keep their order when sent at once, so the model foretells them too.
      if (atOnce) results.push(...(await Promise.all(calls.map(append))));
      else for (const call of calls) results.push(await append(call));

      expect(results.map(withoutPosition)).toEqual(foretold);
      const events = await store.readAll(before, 10_000);
      expect(events.map((event) => event.position)).toEqual(events.map((_, index) => before + index + 1));
      for (const [stream, ids] of model) {
        const recorded = await store.readStream(stream);
        expect(recorded.map((event) => event.id)).toEqual(ids);
        expect(recorded.map((event) => event.revision)).toEqual(ids.map((_, index) => index + 1));
      }
      for (const [index, result] of results.entries()) {
        if (result.outcome === 'conflict') continue;
        const last = events.find((event) => event.position === result.position);
        expect(last).toMatchObject({ stream: calls[index]!.stream, revision: result.revision, id: calls[index]!.ids.at(-1) });
      }
    }),
    { numRuns: 60 },
  );
}, 120_000);

/** Few streams, revisions and ids, so that conflicts and repeats are as frequent as appends. */
const someAppend = fc.record({
  stream: fc.integer({ min: 1, max: 3 }),
  expected: fc.oneof(fc.constant('any' as const), fc.integer({ min: 0, max: 6 })),
  ids: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 3 }),
});

interface Call {
  stream: string;
  expected: ExpectedRevision;
  ids: string[];
}

type Outcome = { outcome: 'appended' | 'duplicate'; revision: number } | { outcome: 'conflict'; actualRevision: number };

/** The whole rule, as plainly as it can be said. */
function decide(model: Map<string, string[]>, { stream, expected, ids }: Call): Outcome {
  const events = model.get(stream) ?? [];
  const standAt = (index: number) => ids.every((id, n) => events[index + n] === id);
  const repeat = expected === 'any' ? events.findLastIndex((_, index) => standAt(index)) : standAt(expected) ? expected : -1;
  if (repeat >= 0) return { outcome: 'duplicate', revision: repeat + ids.length };
  if (expected !== 'any' && expected !== events.length) return { outcome: 'conflict', actualRevision: events.length };
  model.set(stream, [...events, ...ids]);
  return { outcome: 'appended', revision: events.length + ids.length };
}

function withoutPosition(result: AppendResult): Outcome {
  return result.outcome === 'conflict' ? result : { outcome: result.outcome, revision: result.revision };
}

function uuid(run: string, n: number): string {
  return run.slice(0, -2) + String(n).padStart(2, '0');
}
