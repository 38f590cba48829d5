// What `npm run crash` runs: README.md here says what it does and what it has found.
import { inspect, parseArgs } from 'node:util';
import type { LogKind } from '#event-store/log-url.ts';
import { ignorePastTimers } from '#messaging/kafkajs/past-timers.ts';
import { CrashRun } from './crash-run.ts';
import { harmsWith } from './harms.ts';
import { tableOf, toJson } from './table.ts';

const MINUTE_MS = 60_000;
const STORES: Record<string, LogKind> = { postgres: 'PostgreSQL', kurrentdb: 'KurrentDB' };
const LONG_RUN_MINUTES = 10;

ignorePastTimers();
process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { store: { type: 'string', default: 'postgres' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) }, minutes: { type: 'string', default: '30' }, json: { type: 'boolean', default: false } },
  });
  const [seed, minutes] = [Number(values.seed), Number(values.minutes)];
  const store = STORES[values.store];
  const harms = harmsWith(store ?? 'PostgreSQL');
  // A short run leaves out what lasts long, unless it is asked for.
  const wanted = harms.filter(({ name, long }) => (positionals.length > 0 ? positionals.some((part) => name.includes(part)) : !long || minutes >= LONG_RUN_MINUTES));
  if (!Number.isInteger(seed) || !(minutes > 0) || wanted.length === 0 || store === undefined) {
    process.stderr.write(`usage: npm run crash -- [--store postgres|kurrentdb] [--seed n] [--minutes n] [--json] [part of a harm's name ...]\n${harms.map(({ name }) => `  ${name}\n`).join('')}`);
    return 2;
  }
  const run = new CrashRun(seed, minutes * MINUTE_MS, store, wanted, say);
  say(`seed ${seed}; repeat with: npm run crash -- --store ${values.store} --seed ${seed} --minutes ${minutes} ${positionals.map((part) => `'${part}'`).join(' ')}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void run.stop().finally(() => process.exit(1)));
  const failure = await run.toItsEnd();
  process.stdout.write(`${values.json ? JSON.stringify(toJson(run.rows), null, 2) : tableOf(run.rows)}\n`);
  if (failure === undefined) return 0;
  say(`failed: ${failure.message}`);
  // The causes, with where they arose.
  say(inspect(failure));
  say(`seed ${seed}; the logs of every process are kept in ${run.folder}`);
  return 1;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
