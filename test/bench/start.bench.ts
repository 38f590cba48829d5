import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appNames, root } from '#embedded/apps.ts';
import { isFree } from '#embedded/port.ts';
import { type Bench, type BenchContext, type Row, takeTurns } from './bench.ts';

/** How long everybody waits for the ledger on their own machine. */
export const startBenches: Bench[] = [{ name: 'start', run: secondStart }];

/** Everything that a terminal shows before the ledger can be used. */
const READY = 'Ctrl-C stops everything';
const START_MS_MAX = 300_000;

async function secondStart(context: BenchContext): Promise<Row[]> {
  const dataDir = join(context.folder, 'data');
  if (context.quick) skipImport(dataDir);
  let first = 0;
  // A start takes seconds, even with nothing to import: to see that this works, one will do.
  const { ours } = await takeTurns(context.quick ? 0 : context.rounds, {
    ours: async (round) => {
      const seconds = await startOnce(dataDir);
      // The warm-up makes everything.
      if (round === 0) first = seconds;
      return { seconds };
    },
  });
  return [{
    name: 'second `npm start` to ready', unit: 's', ours: context.quick ? first : ours.seconds, goal: { within: 8 },
    detail: `the first, which makes the data folder and imports the records: ${first.toFixed(1)} s`,
  }];
}

/** Nothing to import, to be quick: this is the mark that it was done. */
function skipImport(dataDir: string): void {
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, 'imported'), 'nothing');
}

/** As a user does: `npm start`, which is this command. @returns seconds until it is ready; by then all is stopped again */
async function startOnce(dataDir: string): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, [join(root, 'deploy/embedded/bootstrap.mjs'), 'start'], {
    cwd: root, env: { ...process.env, DATA_DIR: dataDir, PORT: String(await freePorts()) }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    await said(child, READY);
    return (performance.now() - begun) / 1_000;
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** The first of as many free ports as there are apps. */
async function freePorts(): Promise<number> {
  for (let first = 23_000; first < 32_000; first += 10) {
    const free = await Promise.all(appNames.map((_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
  throw new Error('there are no free ports');
}

function said(child: ChildProcess, words: string): Promise<void> {
  let output = '';
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`the ledger ${why}:\n${output.slice(-2_000)}`));
    const deadline = setTimeout(() => fail('does not get ready'), START_MS_MAX);
    const listen = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes(words)) resolve();
    };
    child.stdout!.on('data', listen);
    child.stderr!.on('data', listen);
    child.once('close', () => {
      clearTimeout(deadline);
      fail('ended');
    });
  });
}
