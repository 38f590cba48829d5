/** Where a command reads its settings, and where it writes. */
export interface Terminal {
  env: Readonly<Record<string, string | undefined>>;
  /** What was asked for. */
  out(text: string): void;
  /** What is said beside it: errors and hints. */
  err(text: string): void;
  /** A person watches: progress bars may be drawn on the error output. */
  drawsProgress: boolean;
  /** Aborts at Ctrl-C. */
  signal: AbortSignal;
}

/** The option that every command has. */
export interface JsonOption {
  json?: boolean;
}

/** One JSON document on the output. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}

export function printLines(terminal: Terminal, lines: readonly string[]): void {
  terminal.out(lines.map((line) => `${line}\n`).join(''));
}
