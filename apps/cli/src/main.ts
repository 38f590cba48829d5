import { ignorePastTimers } from '#messaging/kafkajs/past-timers.ts';
import { ledger } from './ledger.ts';

ignorePastTimers();

// A reader that has seen enough (`ledger replay ... | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const stop = new AbortController();
// Every time, not once: npm, its shell and the terminal each pass the same Ctrl-C on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

process.exitCode = await ledger(process.argv.slice(2), {
  env: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  drawsProgress: process.stdout.isTTY === true && process.stderr.isTTY === true,
  signal: stop.signal,
});
