import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '#testing/until.ts';
import { appNames, root } from './apps.ts';
import { isFree } from './port.ts';
import { commandLineOf } from './process.ts';

// As on anybody's machine: through the bootstrap, which builds first where that was not done.
const startMs = 180_000;
let dataDir: string;
let port: number;
let launched: ChildProcess[];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'start-'));
  port = await freeRange();
  launched = [];
});

afterEach(async () => {
  for (const child of launched) await stop(child);
  rmSync(dataDir, { recursive: true, force: true });
});

test('starts everything, imports once, stops everything; and starts again after everything was killed', async () => {
  const first = start();
  const said = await first.waitFor('Ctrl-C stops everything');
  expect(said).toContain(`ready: http://127.0.0.1:${port}\n`);
  expect(said.match(/ of [A-Z]+ \(\S+\): eyJ/g)).toHaveLength(6);
  const imported = await figures();
  expect(imported.commitments).toBeGreaterThan(0);
  await until(async () => (await json(`http://127.0.0.1:${port + 1}/reports/reconciliation`)).equal === true, { deadlineMs: 60_000 });

  const before = processes();
  expect(before).toHaveLength(7);
  for (const pid of before) process.kill(pid, 'SIGKILL');
  await first.ended;
  const second = start();
  const saidAgain = await second.waitFor('Ctrl-C stops everything');
  for (const done of ['importing', 'installing', 'building']) expect(saidAgain).not.toContain(done);
  expect(await figures()).toEqual(imported);

  await besideIt();
  expect(await figures()).toEqual(imported);
  second.child.kill('SIGTERM');
  expect(await second.ended).toBe(0);
  expect(processes()).toEqual([]);
  for (const [index] of appNames.entries()) expect(await isFree(port + index)).toBe(true);
}, 3 * startMs);

/** In the same folder no other copy starts; in one of its own it does, shares nothing, and ends at Ctrl-C. */
async function besideIt(): Promise<void> {
  const same = start();
  expect(await same.ended).toBe(1);
  expect(same.output()).toContain(`DATA_DIR: ${dataDir} is in use`);

  const otherDir = mkdtempSync(join(tmpdir(), 'start-'));
  try {
    const otherPort = await freeRange(port + 10);
    writeFileSync(join(otherDir, 'imported'), 'nothing, to be quick');
    const other = start({ DATA_DIR: otherDir, PORT: String(otherPort) }, { terminal: true });
    await other.waitFor('Ctrl-C stops everything');
    expect(processes(otherDir)).toHaveLength(7);
    expect((await figures(otherPort)).commitments).toBe(0);
    // A terminal sends it to every process that was started from it.
    process.kill(-other.child.pid!, 'SIGINT');
    expect(await other.ended).toBe(0);
    expect(other.output()).toContain('SIGINT: stopping ...');
    expect(processes(otherDir)).toEqual([]);
  } finally {
    await stop(launched.at(-1)!);
    rmSync(otherDir, { recursive: true, force: true });
  }
}

test('a port that is taken is told before anything starts', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => { other.listen(port + 1, '127.0.0.1', resolve); });
  try {
    const launcher = start();
    expect(await launcher.ended).toBe(1);
    expect(launcher.output()).toContain(`PORT: port ${port + 1}, for reporting, is taken by another program`);
    expect(readdirSync(dataDir)).toEqual(['run']);
  } finally {
    await new Promise((resolve) => { other.close(resolve); });
  }
}, startMs);

test('every wrong setting is named, at once', async () => {
  const launcher = start({ PORT: '65535', DATABASE_URL: 'mysql://here', KAFKA_BROKERS: 'nowhere', OIDC_ISSUER: 'https://id.example' });
  expect(await launcher.ended).toBe(1);
  for (const name of ['DATABASE_URL', 'KAFKA_BROKERS', 'OIDC_AUDIENCE']) expect(launcher.output()).toContain(`${name}: `);
  expect(launcher.output()).toContain('PORT: must be 1 to 65532');
}, startMs);

/** @param terminal in a process group of its own, as from a terminal of its own */
function start(settings: NodeJS.ProcessEnv = {}, { terminal = false } = {}) {
  const { NODE_OPTIONS: _of, ...env } = process.env;
  const child = spawn(process.execPath, [join(root, 'deploy/embedded/bootstrap.mjs'), 'start'], {
    env: { ...env, NODE_ENV: 'development', PORT: String(port), DATA_DIR: dataDir, ...settings }, stdio: ['ignore', 'pipe', 'pipe'],
    detached: terminal,
  });
  launched.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  const ended = new Promise<number | null>((resolve) => { child.once('close', (code) => resolve(code)); });
  return {
    child, ended, output: () => output,
    async waitFor(text: string): Promise<string> {
      await until(() => output.includes(text) || child.exitCode !== null, { deadlineMs: startMs, intervalMs: 100 });
      expect(output).toContain(text);
      return output;
    },
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** The launcher, both servers and the four apps, those that run. */
function processes(folder = dataDir): number[] {
  const files = [
    ...['launcher', ...appNames].map((name) => join(folder, 'run', `${name}.pid`)),
    join(folder, 'kafka', 'pid'), join(folder, 'postgres', 'cluster', 'postmaster.pid'),
  ];
  return files.map((file) => {
    try {
      return Number(readFileSync(file, 'utf8').split('\n')[0]);
    } catch {
      return 0;
    }
  }).filter((pid) => pid > 0 && commandLineOf(pid) !== '');
}

async function figures(at = port): Promise<{ commitments: number }> {
  const { totals } = await json(`http://127.0.0.1:${at}/v1/progress-matrix?on=2026-01-01`);
  return totals.all;
}

async function json(url: string): Promise<any> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return response.json();
}

/** As many free ports in a row as there are apps. */
async function freeRange(from = 20_000 + (process.pid % 1_000) * 10): Promise<number> {
  for (let first = from; first < 60_000; first += 10) {
    const free = await Promise.all(appNames.map((_name, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
  throw new Error('no free ports in a row');
}
