import { supervise } from './supervise.ts';
import type { Stoppable } from './supervise.ts';

/** Servers that end when told to, numbered from 1 in the order in which they were started. */
function servers() {
  const started: { end(how: string): void; stopped: boolean }[] = [];
  const lines: string[] = [];
  let gaveUp: (reason: string) => void = () => undefined;
  const givenUp = new Promise<string>((resolve) => { gaveUp = resolve; });
  let waiting: (() => void)[] = [];

  async function start(): Promise<Stoppable> {
    let end: (how: string) => void = () => undefined;
    const exited = new Promise<string>((resolve) => { end = resolve; });
    const server = { end, stopped: false };
    started.push(server);
    waiting.forEach((tell) => tell());
    waiting = [];
    return {
      pid: started.length,
      exited,
      async stop() {
        server.stopped = true;
        end('signal SIGTERM');
      },
    };
  }
  return {
    started, lines, givenUp, start,
    options: { report: (line: string) => void lines.push(line), giveUp: gaveUp, pauseMs: 1 },
    async number(n: number) {
      while (started.length < n) await new Promise<void>((resolve) => waiting.push(resolve));
      return started[n - 1]!;
    },
  };
}

test('what ends by itself is started again, and the new one is the one that is stopped', async () => {
  const { start, options, number, lines, started } = servers();
  const supervised = await supervise('api', start, options);
  started[0]!.end('exit code 1');
  await number(2);
  await supervised.stop();
  expect(lines).toEqual(['api ended (exit code 1) and is started again']);
  expect(started.map(({ stopped }) => stopped)).toEqual([false, true]);
});

test('what is stopped is not started again', async () => {
  const { start, options, started, lines } = servers();
  const supervised = await supervise('api', start, options);
  await supervised.stop();
  expect(started).toHaveLength(1);
  expect(lines).toEqual([]);
});

test('a server that always ends is given up after so many starts', async () => {
  const { start, options, number, givenUp, started } = servers();
  const supervised = await supervise('api', start, { ...options, restartsMax: 2 });
  for (const n of [1, 2, 3]) (await number(n)).end('exit code 1');
  expect(await givenUp).toBe('api ended (exit code 1) and was started again 2 times in vain');
  await supervised.stop();
  expect(started).toHaveLength(3);
});

test('a server that ran long enough may end as often again', async () => {
  const { start, options, number, givenUp, started } = servers();
  const supervised = await supervise('api', start, { ...options, restartsMax: 1, settledMs: -1 });
  for (const n of [1, 2, 3]) (await number(n)).end('exit code 1');
  await number(4);
  await supervised.stop();
  expect(started).toHaveLength(4);
  await expect(Promise.race([givenUp, Promise.resolve('not given up')])).resolves.toBe('not given up');
});

test('a start that fails is tried again, and counts', async () => {
  const { start, options, givenUp, lines, started } = servers();
  let attempts = 0;
  const once = (): Promise<Stoppable> => {
    attempts += 1;
    return attempts === 1 ? start() : Promise.reject(new Error('port taken'));
  };
  const supervised = await supervise('postgres', once, { ...options, restartsMax: 3 });
  started[0]!.end('signal SIGKILL');
  await givenUp;
  expect(attempts).toBe(4);
  expect(lines).toContain('postgres cannot be started again: port taken');
  await supervised.stop();
});

test('the first start that fails is the caller\'s to handle', async () => {
  const { options } = servers();
  await expect(supervise('postgres', () => Promise.reject(new Error('no room')), options)).rejects.toThrow('no room');
});
