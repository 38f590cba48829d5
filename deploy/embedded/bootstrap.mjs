// `npm start`, `npm test`, `npm run build`, `ledger`, `bench` and `crash` on a fresh clone, with any Node from 20 on and nothing
// installed: installs and builds what is not, or no longer, installed and built, then hands over to the project's own Node.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [verb, ...rest] = process.argv.slice(2);
const peers = join(root, 'test/bench/peers');
const modules = join(root, 'node_modules');
const projectNode = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** What each verb runs once everything is there. */
const runs = {
  start: () => [join(root, 'deploy/embedded/start.ts')],
  test: () => [join(root, 'test/run.ts')],
  // A heap that is swept at one and a half of what is in use: a rebuild needs as much memory for a long log as for a short one.
  ledger: () => ['--heap-growing-percent=50', '--enable-source-maps', join(root, 'dist/apps/cli/main.js'), ...rest],
  bench: () => ['--import', './test/typescript.mjs', join(root, 'test/bench/run.ts'), ...rest],
  crash: () => ['--import', './test/typescript.mjs', join(root, 'test/crash/run.ts'), ...rest],
  build: () => undefined,
};

if (Number(process.versions.node.split('.')[0]) < 20) stop(`Node ${process.versions.node} is too old: 20 or newer is needed`);
if (!(verb in runs)) stop(`usage: bootstrap.mjs ${Object.keys(runs).join('|')}`);
if (!isInstalled(root) || !existsSync(projectNode)) install(root);
// What the ledger is measured against, nobody else needs.
if (verb === 'bench' && !isInstalled(peers)) install(peers);
if (verb !== 'test' && !isBuilt()) build();
const command = runs[verb]();
if (command) handOver(command);

/** Every package of package-lock.json is there in its version; an install that was broken off left no list of them. */
function isInstalled(folder) {
  const list = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(list)) return false;
  const installed = JSON.parse(readFileSync(list, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version);
}

function install(folder) {
  say('installing packages ...');
  // Not with the Node of node_modules, which npm is about to remove.
  const path = (process.env.PATH ?? '').split(delimiter).filter((place) => !place.startsWith(modules)).join(delimiter);
  const { status } = spawnSync('npm', ['ci', '--include=dev', '--loglevel=error', '--no-audit', '--no-fund'], {
    cwd: folder, env: { ...process.env, PATH: path }, stdio: ['ignore', 2, 2], shell: process.platform === 'win32',
  });
  if (status !== 0) stop('packages could not be installed: see above');
}

function isBuilt() {
  const stamp = join(root, 'dist', 'built');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hashOfSources();
}

function build() {
  say('building ...');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const hash = hashOfSources();
  const { status, stdout, stderr } = spawnSync(projectNode, [join(modules, '@nestjs/cli/bin/nest.js'), 'build', '--all'],
    { cwd: root, encoding: 'utf8' });
  if (status !== 0) stop(`${stdout}${stderr}\nthe build failed: see above`);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist', 'built'), hash);
}

/** Of names and contents of everything that goes into the build: a checkout changes times, not contents. */
function hashOfSources() {
  const hash = createHash('sha256');
  for (const name of ['apps', 'libs', 'package-lock.json', 'package.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.base.json']) add(name);
  return hash.digest('hex');

  function add(name) {
    const path = join(root, name);
    if (/\.spec\.ts$/.test(name) || !existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const entry of readdirSync(path).sort()) add(join(name, entry));
      return;
    }
    hash.update(`${name}\0`).update(readFileSync(path)).update('\0');
  }
}

function handOver(command) {
  const child = spawn(projectNode, command, { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}

/** To the error output: what `ledger` prints is for programs to read. */
function say(line) {
  process.stderr.write(`${line}\n`);
}

function stop(line) {
  say(line);
  process.exit(1);
}
