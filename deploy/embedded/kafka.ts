import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { rememberedPort } from './port.ts';
import { endsWithin, runProcess, startProcess, stopLeftover, stopProcess, tailOf } from './process.ts';
import type { Outcome, ServerProcess, StopSteps } from './process.ts';

export interface EmbeddedKafka extends ServerProcess {
  brokers: string[];
  stop(): Promise<void>;
}

/** Why there is no Kafka, in one line. */
export interface NoKafka { missing: string }

const startMs = 60_000;
const startAttempts = 3;
const fetchMs = 300_000;
const javaVersion = 17;
const stopSteps: StopSteps = [['SIGTERM', 20_000], ['SIGKILL', 5_000]];
const sources = join(import.meta.dirname, 'kafka');
const jars = join(sources, 'jars');
const heap = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:+ExitOnOutOfMemoryError'];

/**
 * Starts Apache Kafka as one node on 127.0.0.1 alone, with everything it keeps in `dataDir`: `log/`, `cluster-id`,
 * `formatted`, `port`, `controller-port`, `pid`, `server.properties`, `kafka.log`. Its jars are fetched by Maven, once per checkout.
 * A broker that an earlier, killed run left behind is stopped first.
 * @param options `advertisedPort`: where clients are told to find it, if that is not where it listens
 * @throws Error that says why when it does not answer within a minute
 */
export async function startKafka(options: { dataDir: string; port?: number; advertisedPort?: number }): Promise<EmbeddedKafka | NoKafka> {
  const missing = await missingJava() ?? await fetchJars();
  if (missing !== undefined) return { missing };
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  await stopLeftoverKafka(dataDir);

  const properties = join(dataDir, 'server.properties');
  const logFile = join(dataDir, 'kafka.log');
  let failure = '';
  for (let attempt = 1; attempt <= startAttempts; attempt += 1) {
    const port = options.port ?? await rememberedPort(join(dataDir, 'port'));
    const controllerPort = await rememberedPort(join(dataDir, 'controller-port'));
    writeFileSync(properties, propertiesFor(dataDir, { port, controllerPort, advertisedPort: options.advertisedPort ?? port }));
    await formatOnce(dataDir, properties);
    const server = await startProcess(java('kafka.Kafka', properties), { logFile, cwd: dataDir });
    writeFileSync(join(dataDir, 'pid'), `${server.pid}\n`);
    if (await isReady(port, server)) {
      return { ...server, brokers: [`127.0.0.1:${port}`], stop: () => stopProcess(server, stopSteps) };
    }
    await stopProcess(server, stopSteps);
    failure = tailOf(logFile, 10);
    if (!failure.includes('already in use')) break;
  }
  throw new Error(`Kafka does not start in ${dataDir}:\n${failure}`);
}

/** Stops the broker of a launcher that was killed, if it still runs. */
export async function stopLeftoverKafka(dataDir: string): Promise<void> {
  const pidFile = join(resolve(dataDir), 'pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  if (Number.isInteger(pid) && pid > 0) await stopLeftover(pid, join(resolve(dataDir), 'server.properties'), stopSteps);
  rmSync(pidFile, { force: true });
}

function java(mainClass: string, ...args: string[]): string[] {
  const program = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  return [program, ...heap, '-Dorg.slf4j.simpleLogger.showDateTime=true', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS', '-cp', join(jars, '*'), mainClass, ...args];
}

async function missingJava(): Promise<string | undefined> {
  const [program] = java('');
  const version = await orMissing(runProcess([program as string, '-version'], { timeoutMs: startMs }));
  if (version === undefined) return `Java ${javaVersion} is not installed`;
  const found = /version "(\d+)/.exec(version.stderr)?.[1];
  if (found === undefined) return `Java ${javaVersion} is needed, and this one does not tell its version`;
  return Number(found) < javaVersion ? `Java ${javaVersion} is needed, this is ${found}` : undefined;
}

/** Complete or not there: fetched beside and moved into place. The stamp tells for which pom they were fetched. */
async function fetchJars(): Promise<string | undefined> {
  const pom = join(sources, 'pom.xml');
  const wanted = createHash('sha256').update(readFileSync(pom)).digest('hex');
  const stamp = join(jars, 'pom.sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return undefined;

  const unfinished = `${jars}.${process.pid}`;
  const fetching = ['mvn', '-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${unfinished}`];
  const maven = await orMissing(runProcess(fetching, { timeoutMs: fetchMs }));
  if (maven === undefined) return 'Maven is not installed';
  if (maven.exitCode !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    const reason = maven.stdout.split('\n').find((line) => line.includes('ERROR'))?.replace(/.*ERROR\S*\s*/, '');
    return `Maven could not fetch Kafka: ${reason ?? 'it ran out of time'}`;
  }
  writeFileSync(join(unfinished, 'pom.sha256'), wanted);
  rmSync(jars, { recursive: true, force: true });
  renameSync(unfinished, jars);
  return undefined;
}

/** Undefined where there is no such program. */
function orMissing(outcome: Promise<Outcome>): Promise<Outcome | undefined> {
  return outcome.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

function propertiesFor(dataDir: string, ports: { port: number; controllerPort: number; advertisedPort: number }): string {
  return readFileSync(join(sources, 'server.properties'), 'utf8')
    .replaceAll('{port}', String(ports.port))
    .replaceAll('{controllerPort}', String(ports.controllerPort))
    .replaceAll('{advertisedPort}', String(ports.advertisedPort))
    .replaceAll('{logDir}', join(dataDir, 'log').replaceAll('\\', '\\\\'));
}

/** A log folder whose format a killed run did not finish holds nothing yet, so it is made again. */
async function formatOnce(dataDir: string, properties: string): Promise<void> {
  const formatted = join(dataDir, 'formatted');
  if (existsSync(formatted)) return;
  rmSync(join(dataDir, 'log'), { recursive: true, force: true });
  const format = java('kafka.tools.StorageTool', 'format', '--standalone', '--ignore-formatted',
    '-t', clusterId(), '-c', properties);
  const { exitCode, stdout, stderr } = await runProcess(format, { timeoutMs: startMs });
  if (exitCode !== 0) throw new Error(`Kafka's data folder cannot be made: ${stderr}${stdout}`);
  writeFileSync(formatted, '');
}

/** 22 characters, random. The first is a letter: the tool takes one that begins with a dash, as 1 in 64 would, for an option. */
export function clusterId(): string {
  const bytes = randomBytes(16);
  bytes[0]! &= 0x7f;
  return bytes.toString('base64url');
}

/** False when the broker ended or the minute is over. */
async function isReady(port: number, server: ServerProcess): Promise<boolean> {
  for (const end = Date.now() + startMs; Date.now() < end;) {
    if (await answers(port)) return true;
    if (await endsWithin(server.exited, 50)) return false;
  }
  return false;
}

/** Asks for the broker's API versions, the smallest request that there is; it answers once it serves clients. */
function answers(port: number): Promise<boolean> {
  const request = Buffer.alloc(14);
  request.writeInt32BE(10, 0); // length of what follows
  request.writeInt16BE(18, 4); // ApiVersions, version 0
  request.writeInt32BE(1, 8); // correlation id
  request.writeInt16BE(-1, 12); // no client id
  return new Promise((answer) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    const end = (answered: boolean): void => {
      socket.destroy();
      answer(answered);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
