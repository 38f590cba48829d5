import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync } from 'node:fs';
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
      detached: true, stdio: ['ignore', log, log],
    });
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

/** Sends the signals one after the other until the process has ended. */
export async function stopProcess(server: ServerProcess, steps: StopSteps): Promise<void> {
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
