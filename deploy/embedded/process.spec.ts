import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '#testing/until.ts';
import { commandLineOf, endsWithin, runProcess, startProcess, stopLeftover, stopProcess, tailOf } from './process.ts';
import type { ServerProcess } from './process.ts';

const node = (script: string): string[] => [process.execPath, '-e', script];
const idle = 'setInterval(() => undefined, 1000); console.log("up")';
const stubborn = `process.on('SIGTERM', () => console.log('no')); ${idle}`;

let folder: string;
let logFile: string;
let server: ServerProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-'));
  logFile = join(folder, 'server.log');
});

afterEach(async () => {
  if (server) await stopProcess(server, [['SIGKILL', 10_000]]);
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function started(script: string): Promise<ServerProcess> {
  server = await startProcess(node(script), { logFile });
  await until(() => tailOf(logFile).includes('up'));
  return server;
}

test('a server says how it ended', async () => {
  server = await startProcess(node('process.exit(3)'), { logFile });
  expect(await server.exited).toBe('exit code 3');
  expect(commandLineOf(server.pid)).toBe('');
});

test('the log of the run before is kept, and no more', async () => {
  for (const word of ['first', 'second', 'third']) await (await startProcess(node(`console.log('${word}')`), { logFile })).exited;
  expect(readFileSync(logFile, 'utf8')).toBe('third\n');
  expect(readFileSync(`${logFile}.old`, 'utf8')).toBe('second\n');
});

test('lines of the error output are told, and logged', async () => {
  const lines: string[] = [];
  server = await startProcess(node('console.error("one\\ntwo")'), { logFile, onErrorLine: (line) => void lines.push(line) });
  await until(() => lines.length === 2);
  expect(lines).toEqual(['one', 'two']);
  expect(readFileSync(logFile, 'utf8')).toBe('one\ntwo\n');
});

test('a stop goes on to the next signal until the process has ended', async () => {
  const running = await started(stubborn);
  await stopProcess(running, [['SIGTERM', 100], ['SIGKILL', 10_000]]);
  expect(await running.exited).toBe('signal SIGKILL');
  await stopProcess(running, [['SIGKILL', 1]]);
});

test('a stop that brings nothing is an error', async () => {
  const running = await started(stubborn);
  await expect(stopProcess(running, [['SIGTERM', 50]])).rejects.toThrow(`process ${running.pid} does not end`);
});

test('what an earlier run left is stopped, but never a stranger with its number', async () => {
  const running = await started(idle);
  await stopLeftover(running.pid, 'somebody else', [['SIGKILL', 10_000]]);
  expect(await endsWithin(running.exited, 100)).toBe(false);
  await stopLeftover(running.pid, 'setInterval', [['SIGTERM', 10_000]]);
  expect(await running.exited).toBe('signal SIGTERM');
});

test('a program that is run gets its input, and its output and exit code are known', async () => {
  const echo = 'process.stdin.on("data", (text) => console.log("got " + text)).on("end", () => { console.error("bye"); process.exitCode = 4; })';
  expect(await runProcess(node(echo), { timeoutMs: 20_000, input: 'x' })).toEqual({ exitCode: 4, signal: null, stdout: 'got x\n', stderr: 'bye\n' });
});

test('a program that does not end is killed, and one that is not there is an error', async () => {
  expect(await runProcess(node(idle), { timeoutMs: 50 })).toMatchObject({ exitCode: null });
  await expect(runProcess([join(folder, 'missing')], { timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'ENOENT' });
});
