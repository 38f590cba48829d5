import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runProcess, startProcess, stopLeftover, stopProcess } from './process.ts';
import type { StopSteps } from './process.ts';
import type { Stoppable } from './supervise.ts';

/** In the order of their ports, from PORT on, and in the order in which they are stopped. */
export const appNames = ['api', 'reporting', 'projector', 'publisher'] as const;
export type AppName = (typeof appNames)[number];

export const root = join(import.meta.dirname, '..', '..');
const readyMs = 120_000;
const askMs = 5_000;
/** An import of everything is the longest. */
const ledgerMs = 600_000;
/**
 * A publisher that catches up makes much garbage and keeps little: the Kafka client doubles a buffer again and again for
 * each request. With a young generation of 2 MiB, the old one swept once it has grown by 35 %, and an allocator (glibc's;
 * others pass it over) that gives back what is free and keeps one heap for all threads, it takes 170 to 190 MB instead of
 * 350, for a tenth to a fifth more processor time (measured).
 */
const nodeFlags: Partial<Record<AppName | 'cli', string[]>> = { publisher: ['--max-semi-space-size=2', '--heap-growing-percent=35'] };
const allocator: Partial<Record<AppName, NodeJS.ProcessEnv>> = { publisher: { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' } };
const stopSteps: StopSteps = [['SIGTERM', 20_000], ['SIGKILL', 5_000]];

export interface AppOptions {
  dataDir: string;
  env: NodeJS.ProcessEnv;
  /** Told of errors that the app logs, in one line, not too often. */
  report(line: string): void;
}

/** Starts an app as a process of its own; what it says goes to `logs/<name>.log` in the data folder. */
export async function startApp(name: AppName, { dataDir, env, report }: AppOptions): Promise<Stoppable> {
  const logFile = join(dataDir, 'logs', `${name}.log`);
  mkdirSync(join(dataDir, 'logs'), { recursive: true });
  const app = await startProcess(commandOf(name), {
    cwd: root, env: { ...allocator[name], ...env }, logFile, onErrorLine: summary(name, logFile, report),
  });
  mkdirSync(join(dataDir, 'run'), { recursive: true });
  writeFileSync(pidFile(dataDir, name), `${app.pid}\n`);
  return { ...app, stop: () => stopProcess(app, stopSteps) };
}

/** Stops apps of a launcher that was killed. */
export async function stopLeftoverApps(dataDir: string): Promise<void> {
  await Promise.all(appNames.map(async (name) => {
    const file = pidFile(dataDir, name);
    if (!existsSync(file)) return;
    const pid = Number(readFileSync(file, 'utf8'));
    if (Number.isInteger(pid) && pid > 0) await stopLeftover(pid, join('dist', 'apps', name, 'main.js'), stopSteps);
    rmSync(file, { force: true });
  }));
}

/** @throws Error when the app is not ready within two minutes, or the signal aborts */
export async function waitUntilReady(name: AppName, url: string, signal: AbortSignal): Promise<void> {
  let answer = 'no answer';
  for (const end = Date.now() + readyMs; Date.now() < end;) {
    signal.throwIfAborted();
    try {
      const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(askMs) });
      answer = (await response.text()).slice(0, 500);
      if (response.ok) return;
    } catch (error) {
      answer = (error as Error).message;
    }
    await delay(100);
  }
  throw new Error(`${name} does not get ready (${url}/health/ready): ${answer}`);
}

/**
 * Runs a command of the CLI and gives what it printed.
 * @throws Error with what it said on its error output, and the outcome as its cause, when its exit code is not 0; or when the signal aborts
 */
export async function runLedger(args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string> {
  const outcome = await runProcess([...commandOf('cli'), ...args], { cwd: root, env, signal, timeoutMs: ledgerMs });
  const { exitCode, stdout, stderr } = outcome;
  if (exitCode !== 0) throw new Error(`ledger ${args[0]}: ${stderr.trim() || stdout.trim() || `exit code ${exitCode}`}`, { cause: outcome });
  return stdout.trim();
}

function commandOf(name: AppName | 'cli'): string[] {
  return [process.execPath, ...(nodeFlags[name] ?? []), '--enable-source-maps', join(root, 'dist', 'apps', name, 'main.js')];
}

function pidFile(dataDir: string, name: AppName): string {
  return join(dataDir, 'run', `${name}.pid`);
}

const summaryEveryMs = 10_000;
const summaryLength = 300;

/** The first error at once, then at most one line in ten seconds that counts the rest. */
function summary(name: AppName, logFile: string, report: (line: string) => void): (line: string) => void {
  let quietUntil = 0;
  let unsaid = 0;
  return (line) => {
    if (line.trim() === '') return;
    if (Date.now() < quietUntil) {
      unsaid += 1;
      return;
    }
    report(`${name}: ${messageOf(line).slice(0, summaryLength)}${unsaid > 0 ? ` (and ${unsaid} lines before)` : ''}; see ${logFile}`);
    quietUntil = Date.now() + summaryEveryMs;
    unsaid = 0;
  };
}

/** Apps log one JSON object a line; what is not, such as a warning of Node's, is told as it is. */
function messageOf(line: string): string {
  try {
    const { message } = JSON.parse(line) as { message?: unknown };
    return typeof message === 'string' ? message : line;
  } catch {
    return line;
  }
}
