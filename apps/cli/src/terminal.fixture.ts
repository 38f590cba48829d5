import { ledger } from './ledger.ts';
import type { Terminal } from './terminal.ts';

export interface Ran {
  exitCode: number;
  out: string;
  err: string;
}

/** Runs one command in this process, with these settings and no others. */
export async function run(args: readonly string[], env: Terminal['env'] = {}, signal = new AbortController().signal): Promise<Ran> {
  const ran = { out: '', err: '' };
  const exitCode = await ledger(args, {
    env,
    out: (text) => (ran.out += text),
    err: (text) => (ran.err += text),
    drawsProgress: false,
    signal,
  });
  return { exitCode, ...ran };
}
