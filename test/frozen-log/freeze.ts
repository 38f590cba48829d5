/**
 * Adds to the frozen logs what this build writes, and to expected.json what it comes to:
 *   node --import ./test/typescript.mjs test/frozen-log/freeze.ts            after a new event type, field or version
 *   node --import ./test/typescript.mjs test/frozen-log/freeze.ts --expect   after a state or view was meant to change:
 *                                                                                  only writes what old logs now come to
 * A log that is there is never written again: production holds events just like them.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordedEvent } from '#domain/event.ts';
import { logOf } from '#testing/given.ts';
import { randomHistory } from '#testing/histories.ts';
import { administrator, everything } from '#testing/scenes.ts';
import { expectationsFile, folder, outcomeOf, readFrozenLogs, type Outcome } from './frozen-logs.ts';

/** Enough for most optional fields and most values of each enumeration. */
const RANDOM = { seed: 7, events: 250 };
const GAP = 1_000;

mkdirSync(folder, { recursive: true });
if (!process.argv.includes('--expect')) freeze();
writeExpectations();

function freeze(): void {
  const number = Math.max(0, ...readFrozenLogs().map(({ name }) => Number.parseInt(name, 10))) + 1;
  const logs = { everything: restored(logOf(everything)), 'at-random': randomHistory(RANDOM.seed, RANDOM.events) };
  for (const [name, events] of Object.entries(logs)) {
    const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
    writeFileSync(join(folder, `${number}-${name}.jsonl`), text, { flag: 'wx' });
  }
}

/** The log with what `ledger log resume-above` appends to it. */
function restored(log: readonly RecordedEvent[]): RecordedEvent[] {
  const last = log.at(-1)!;
  const voidTo = last.position + GAP;
  const event = { ...last, type: 'LogRestored', stream: 'log-restored', revision: 1, position: voidTo + 1, data: { voidFrom: last.position + 1, voidTo } };
  const metadata = { ...last.metadata, actor: administrator };
  return [...log, { ...event, metadata, id: '5f1d7a52-0b0e-5a0e-9c52-1b7b4d0f8c11' }];
}

function writeExpectations(): void {
  const before = existsSync(expectationsFile) ? (JSON.parse(readFileSync(expectationsFile, 'utf8')) as Record<string, Outcome>) : {};
  const after = Object.fromEntries(readFrozenLogs().map((log) => [log.name, outcomeOf(log)]));
  for (const [log, outcome] of Object.entries(before))
    for (const part of ['states', 'published', 'views'] as const)
      for (const [name, was] of Object.entries(outcome[part])) if (after[log]?.[part][name] !== was) process.stdout.write(`${log}: ${part} ${name} changed\n`);
  writeFileSync(expectationsFile, `${JSON.stringify(after, null, 1)}\n`);
}
