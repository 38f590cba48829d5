import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that we started; its output goes to a log file. */
export interface ServerProcess {
  pid: number;
  /** Settles, never rejects, when the process has ended; says how ("exit code 1", "signal SIGKILL"). */
  exited: Promise<string>;
}

/** Signals in the order in which they are sent, each with the time it is given before the next, in milliseconds. */
export type StopSteps = readonly (readonly [signal: NodeJS.Signals, waitMs: number])[];

export interface StartOptions {
  logFile: string;
  /** Gets each line of the error output, which goes to the log as well. */
  onErrorLine?: (line: string) => void;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
}

/**
 * Starts a server in a process group of its own, so that Ctrl-C in a terminal reaches the launcher alone, which then
 * stops everything in the right order. The log of the run before is kept as `<logFile>.old`, so logs stay bounded.
 * @throws Error when the command cannot be run at all
 */
export async function startProcess(command: readonly string[], options: StartOptions): Promise<ServerProcess> {
  const [program, ...args] = command;
  if (program === undefined) throw new Error('no command to run');
  if (existsSync(options.logFile)) renameSync(options.logFile, `${options.logFile}.old`);
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    const child = spawn(program, args, {
      cwd: options.cwd, env: options.env, uid: options.uid, gid: options.gid,
      detached: true, stdio: ['ignore', log, options.onErrorLine ? 'pipe' : log],
    });
    if (child.stderr) followErrors(child.stderr, options);
    const exited = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => reject(new Error(`cannot run ${program}: ${cause.message}`, { cause })));
    });
    return { pid: child.pid as number, exited };
  } finally {
    closeSync(log);
  }
}

export interface Outcome {
  /** Null when it was killed, or ran out of time. */
  exitCode: number | null;
  /** What killed it. */
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  timeoutMs: number;
  input?: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  signal?: AbortSignal;
}

/**
 * Runs a program to its end and keeps the last of what it said.
 * @throws Error (ENOENT where there is no such program) when it cannot be run at all, or the signal aborts
 */
export function runProcess(command: readonly string[], options: RunOptions): Promise<Outcome> {
  const [program, ...args] = command;
  const { input = '', timeoutMs, ...rest } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program ?? '', args, { ...rest, stdio: 'pipe' });
    // Not spawn's own time-out, which keeps this process alive for its whole length where there is no such program.
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => { stdout = (stdout + chunk.toString()).slice(-outputMax); });
    child.stderr.on('data', (chunk: Buffer) => { stderr = (stderr + chunk.toString()).slice(-outputMax); });
    child.stdin.on('error', () => undefined); // It ended without reading: its exit code tells.
    child.stdin.end(input);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer);
      resolve({ exitCode, signal, stdout, stderr });
    });
  });
}

const outputMax = 1_000_000;

/** The log is opened again for them, since the child's own handle is closed here as soon as it runs. */
function followErrors(stream: Readable, { logFile, onErrorLine }: StartOptions): void {
  const log = openSync(logFile, 'a', 0o600);
  const lines = createInterface({ input: stream });
  lines.on('line', (line) => {
    writeSync(log, `${line}\n`);
    onErrorLine?.(line);
  });
  lines.once('close', () => closeSync(log));
}

/** Sends the signals one after the other until the process has ended. */
export async function stopProcess(server: ServerProcess, steps: StopSteps): Promise<void> {
  if (await endsWithin(server.exited, 0)) return;
  for (const [signal, waitMs] of steps) {
    signalTo(server.pid, signal);
    if (await endsWithin(server.exited, waitMs)) return;
  }
  throw new Error(`process ${server.pid} does not end`);
}

/**
 * Stops a process that an earlier run left behind (its launcher was killed).
 * The pid alone proves nothing, since numbers are given again: its command line must hold `marker`.
 */
export async function stopLeftover(pid: number, marker: string, steps: StopSteps): Promise<void> {
  for (const [signal, waitMs] of steps) {
    if (!commandLineOf(pid).includes(marker)) return;
    signalTo(pid, signal);
    for (const end = Date.now() + waitMs; Date.now() < end && commandLineOf(pid).includes(marker);) await delay(50);
  }
  if (commandLineOf(pid).includes(marker)) throw new Error(`process ${pid} of an earlier run does not end`);
}

/** Empty where there is no such process, or only what is left of one that nobody waited for. */
export function commandLineOf(pid: number): string {
  if (process.platform === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return '';
    }
  }
  return spawnSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).stdout ?? '';
}

/** The last lines of a log, for an error message that says why. */
export function tailOf(logFile: string, lines = 5): string {
  return existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') : '';
}

/** True when the process ended in time. */
export async function endsWithin(exited: Promise<string>, waitMs: number): Promise<boolean> {
  const timer = new AbortController();
  const timeout = delay(waitMs, false, { signal: timer.signal }).catch(() => false);
  const ended = await Promise.race([exited.then(() => true), timeout]);
  timer.abort();
  return ended;
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
