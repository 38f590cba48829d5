// What `npm test` runs: the checks of the sources, then every test; the last line says how many passed and failed.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const checkMs = 10 * 60_000;
const testsMs = 15 * 60_000;

/** All are run, whatever fails: each names what is to be mended. A build of two cores' time is done while nothing else runs. */
const checks = [
  { name: 'type-check', command: [bin('tsc'), '-p', '.'] },
  { name: 'lint', command: [bin('eslint'), '.'] },
  { name: 'import rules', command: [bin('depcruise'), 'apps', 'libs', 'test', 'deploy'] },
  { name: 'build', command: [process.execPath, join(root, 'deploy/embedded/bootstrap.mjs'), 'build'] },
  // That every bench runs to its end; how fast is not looked at.
  { name: 'benches', command: [process.execPath, join(root, 'deploy/embedded/bootstrap.mjs'), 'bench', '--quick'] },
  // Two minutes of harm, the same each time; longer runs and other seeds are a person's to start.
  { name: 'crash', command: [process.execPath, join(root, 'deploy/embedded/bootstrap.mjs'), 'crash', '--minutes', '2', '--seed', '1'] },
];

process.exitCode = await main();

async function main(): Promise<number> {
  const broken: string[] = [];
  for (const { name, command } of checks) {
    const { exitCode } = await run(command, checkMs);
    process.stdout.write(`${name}: ${exitCode === 0 ? 'ok' : 'failed'}\n`);
    if (exitCode !== 0) broken.push(name);
  }
  const { passed, failed, notes } = await runTests();
  for (const note of [...broken.map((name) => `${name} failed`), ...notes]) process.stdout.write(`${note}\n`);
  const failures = failed + broken.length + notes.length;
  process.stdout.write(`${passed} passed, ${failures} failed\n`);
  return failures === 0 ? 0 : 1;
}

/** The part of Jest's report that counts. */
interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
}

/** Each note is a failure that Jest does not count as one. */
async function runTests(): Promise<{ passed: number; failed: number; notes: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'test-report-'));
  try {
    const file = join(folder, 'report.json');
    const { exitCode, output } = await run([bin('jest'), '--ci', '--maxWorkers=100%', '--json', `--outputFile=${file}`], testsMs);
    const report = readReport(file);
    if (report === undefined) return { passed: 0, failed: 0, notes: ['the tests did not come to an end'] };

    const notes: string[] = [];
    const skipped = report.numPendingTests + report.numTodoTests;
    if (skipped > 0) notes.push(`${skipped} tests were skipped`);
    if (/did not exit/.test(output)) notes.push('something that a test opened was not closed');
    // Jest gives a worker half a second to end, which a busy machine may not: told, and to be looked into by test:handles.
    if (/failed to exit gracefully/.test(output)) process.stdout.write('a test process was slow to end; npm run test:handles names what is open, if anything\n');
    const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
    if (exitCode !== 0 && failed === 0 && notes.length === 0) notes.push(`jest ended with exit code ${exitCode}`);
    return { passed: report.numPassedTests, failed, notes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file: string): JestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as JestReport;
  } catch {
    return undefined;
  }
}

/** Shows what the program says while it runs; Jest writes the JSON report into its file and the rest to the error output. */
function run(command: string[], timeoutMs: number): Promise<{ exitCode: number | null; output: string }> {
  const [program, ...args] = command;
  const nodeOptions = `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`;
  return new Promise((resolve) => {
    const child = spawn(program as string, args, {
      cwd: root, timeout: timeoutMs, stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: nodeOptions.trim(), PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` },
    });
    let output = '';
    for (const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]] as const) {
      from.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        to.write(chunk);
      });
    }
    child.once('error', (error) => resolve({ exitCode: null, output: error.message }));
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}
