import { Presets, SingleBar } from 'cli-progress';
import type { JsonOption, Terminal } from './terminal.ts';

export interface ProgressBar {
  to(done: number, total: number): void;
  stop(): void;
}

/** A bar on the error output, where a person watches; else nothing. `unit` tells what is counted, where that is not plain. */
export function progressBar(terminal: Terminal, label: string, { json, unit = '' }: JsonOption & { unit?: string }): ProgressBar {
  if (!terminal.drawsProgress || json) return { to: () => undefined, stop: () => undefined };
  const bar = new SingleBar({ format: `${label} {bar} {percentage} %  {value} of {total}${unit && ` ${unit}`}  {eta_formatted} left`, hideCursor: true }, Presets.shades_classic);
  let started = false;
  return {
    to(done, total) {
      if (!started) bar.start(total, done);
      started = true;
      bar.setTotal(total);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}
