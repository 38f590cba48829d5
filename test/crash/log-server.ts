import { connect } from 'node:net';
import { join } from 'node:path';
import { root } from '#embedded/apps.ts';
import { type ServerProcess, startProcess, stopProcess, tailOf } from '#embedded/process.ts';
import { until } from '#testing/until.ts';

export interface LogServer extends ServerProcess {
  stop(): Promise<void>;
}

const START_MS_MAX = 30_000;

/** The double of a KurrentDB server as a process of its own, with its log in a file: it acknowledges what is on the disk. */
export async function startLogServer(folder: string, port: number): Promise<LogServer> {
  const logFile = join(folder, 'kurrentdb.log');
  const command = [process.execPath, '--import', './test/typescript.mjs', 'libs/testing/kurrentdb-double/run.ts', '--port', String(port), '--log', join(folder, 'kurrentdb.jsonl')];
  const server = await startProcess(command, { cwd: root, logFile });
  let ended: string | undefined;
  void server.exited.then((how) => (ended = how));
  await until(async () => ended !== undefined || (await answers(port)), { deadlineMs: START_MS_MAX, intervalMs: 50 });
  if (ended !== undefined) throw new Error(`the log server ended (${ended}):\n${tailOf(logFile, 10)}`);
  return { ...server, stop: () => stopProcess(server, [['SIGTERM', 10_000], ['SIGKILL', 5_000]]) };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
