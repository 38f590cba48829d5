import { join } from 'node:path';
import { root, waitUntilReady, type AppName } from '#embedded/apps.ts';
import { freePort } from '#embedded/port.ts';
import { startProcess, stopProcess, tailOf, type ServerProcess } from '#embedded/process.ts';

/** An app as it was built, in a process of its own. */
export interface BuiltApp extends ServerProcess {
  /** `http://127.0.0.1:...` */
  url: string;
  logFile: string;
  /** SIGTERM, as whoever runs it does; kills it only where that does not end it. */
  stop(): Promise<void>;
}

export interface BuiltAppOptions {
  /** Settings; PORT is a free one unless given. */
  env: Record<string, string>;
  /** Where logs go. */
  folder: string;
  /** Another build than the one at hand. */
  dist?: string;
  /** False where it is to be looked at before it is ready, or never gets so. */
  untilReady?: boolean;
}

/** Starts it and waits until it is ready. @throws Error that holds the end of its log where it does not get ready */
export async function startBuiltApp(name: AppName, { env, folder, dist = join(root, 'dist'), untilReady = true }: BuiltAppOptions): Promise<BuiltApp> {
  const port = env['PORT'] ?? String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const logFile = join(folder, `${name}-${port}.log`);
  const command = [process.execPath, '--enable-source-maps', join(dist, 'apps', name, 'main.js')];
  const started = await startProcess(command, { cwd: root, logFile, env: { PATH: process.env['PATH'], NODE_ENV: 'test', LOG_LEVEL: 'warn', ...env, PORT: port } });
  const app = { ...started, url, logFile, stop: () => stopProcess(started, [['SIGTERM', 20_000], ['SIGKILL', 5_000]]) };
  if (!untilReady) return app;
  try {
    const ended = started.exited.then((how) => Promise.reject(new Error(`${name} ended (${how})`)));
    await Promise.race([waitUntilReady(name, url, AbortSignal.timeout(60_000)), ended]);
    return app;
  } catch (error) {
    await app.stop();
    throw new Error(`${(error as Error).message}\n${tailOf(logFile, 20)}`, { cause: error });
  }
}
