import { openEventStore } from '#event-store/open-event-store.ts';
import { Dice } from '#testing/dice.ts';
import { startLedger, type Ledger } from '../e2e/ledger.ts';
import { Fuzz, type Tally } from './fuzz.ts';

/**
 * Requests made up from /openapi.json, valid and broken, to every operation, for a minute: no server error, and every
 * answer as described. `FUZZ_SEED` repeats a run that is told, `FUZZ_SECONDS` makes it longer.
 */
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const seconds = Number(process.env['FUZZ_SECONDS'] ?? 60);
/** Below this the run says little, however slow the machine. */
const ROUNDS_MIN = 8;

let ledger: Ledger;

beforeAll(async () => {
  ledger = await startLedger();
});

afterAll(() => ledger.stop());

test('no request makes the server fail, and every answer is as /openapi.json says', async () => {
  const document = await (await fetch(`${ledger.url}/openapi.json`)).json();
  const fuzz = new Fuzz(ledger, document, new Dice(seed));
  const end = Date.now() + seconds * 1000;

  await fuzz.begin();
  let rounds = 0;
  for (; !fuzz.isOver && (rounds < ROUNDS_MIN || Date.now() < end); rounds++) await fuzz.round();

  tell(fuzz, rounds);
  expect(fuzz.findings).toEqual([]);
  // It reached all that it means to reach: no operation always refuses what the schemas make.
  expect([...fuzz.tallies].filter(([, { madeUp }]) => madeUp === 0).map(([operation]) => operation)).toEqual([]);
  await expectLogOf(fuzz);
  // No accepted command has stopped a view.
  expect((await ledger.anyone.get(`commitments?minPosition=${fuzz.head}`)).status).toBe(200);
}, seconds * 1000 + 5 * 60_000);

/** What was accepted is in the log, and nothing else. */
async function expectLogOf(fuzz: Fuzz): Promise<void> {
  const store = await openEventStore(ledger.databaseUrl);
  try {
    const lastOfCommand = new Map<string, number>();
    for (let after = 0; ; ) {
      const events = await store.readAll(after, 1000);
      for (const { metadata, position } of events) lastOfCommand.set(metadata.commandId, position);
      if (events.length === 0) break;
      after = events.at(-1)!.position;
    }
    expect([...lastOfCommand.values()]).toEqual([...fuzz.written].sort((a, b) => a - b));
  } finally {
    await store.close();
  }
}

function tell(fuzz: Fuzz, rounds: number): void {
  const all = [...fuzz.tallies.values()];
  const sum = (field: keyof Tally): number => all.reduce((total, tally) => total + tally[field], 0);
  const statuses = [...fuzz.statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`).join(', ');
  const operations = [...fuzz.tallies].map(([operation, { sent, succeeded, madeUp }]) => `${operation} ${sent}/${succeeded}/${madeUp}`).join(', ');
  process.stdout.write(
    `fuzz: seed ${seed}, ${rounds} rounds, ${fuzz.finished} stories to their end, ${sum('sent')} requests, ${sum('succeeded')} accepted (${[...fuzz.accepted].map(([kind, count]) => `${kind} ${count}`).join(', ')})\n` +
      `fuzz: answers ${statuses}\nfuzz: sent/accepted/made up: ${operations}\n` +
      (fuzz.findings.length > 0 ? `fuzz: again with FUZZ_SEED=${seed} jest test/hostile/fuzz\n` : ''),
  );
}
