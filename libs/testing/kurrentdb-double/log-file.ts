import { closeSync, existsSync, fsync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { LogRecord } from './log.ts';

/** Keeps a log in a file, one line per write, so that a killed server has all that it acknowledged. Open as long as its process lives. */
export class LogFile {
  private readonly descriptor: number;
  private waiting: (() => void)[] = [];
  private flush: Promise<void> | undefined;

  constructor(path: string) {
    this.descriptor = openSync(path, 'a');
  }

  /** The writes in a file, in order. One that a crash cut short is cut off: it was never acknowledged. */
  static read(path: string): LogRecord[][] {
    if (!existsSync(path)) return [];
    const bytes = readFileSync(path);
    const whole = bytes.lastIndexOf('\n') + 1;
    if (whole < bytes.length) {
      const descriptor = openSync(path, 'r+');
      ftruncateSync(descriptor, whole);
      closeSync(descriptor);
    }
    return bytes.subarray(0, whole).toString().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line, bytesFromText) as LogRecord[]);
  }

  append(records: readonly LogRecord[], safe: () => void): void {
    writeSync(this.descriptor, `${JSON.stringify(records, textFromBytes)}\n`);
    this.waiting.push(safe);
  }

  /** Resolves when all that was appended is on the disk. Those who wait together are flushed together. */
  async flushed(): Promise<void> {
    while (this.waiting.length > 0) await (this.flush ??= this.flushOnce());
    await this.flush;
  }

  private async flushOnce(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const flushing = this.waiting;
    this.waiting = [];
    await new Promise<void>((resolve, reject) => fsync(this.descriptor, (error) => (error ? reject(error) : resolve())));
    this.flush = undefined;
    for (const safe of flushing) safe();
  }
}

function textFromBytes(this: Record<string, unknown>, key: string, value: unknown): unknown {
  return key === 'data' || key === 'metadata' ? Buffer.from(this[key] as Uint8Array).toString('base64') : value;
}

function bytesFromText(key: string, value: unknown): unknown {
  return key === 'data' || key === 'metadata' ? Buffer.from(value as string, 'base64') : value;
}
