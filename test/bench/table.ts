import type { Row } from './bench.ts';

/** What `--json` prints, one for each row. */
export interface JsonRow {
  name: string;
  ours: number;
  peer: number | null;
  /** Ours divided by the peer's. */
  ratio: number | null;
  goal: string;
  /** Null where the goal is none, and in a quick run, which judges nothing. */
  met: boolean | null;
}

export function jsonRow(row: Row, judged: boolean): JsonRow {
  return {
    name: row.name,
    ours: rounded(row.ours),
    peer: row.peer ? rounded(row.peer.value) : null,
    ratio: row.peer ? rounded(ratioOf(row)) : null,
    goal: goalText(row),
    met: judged ? isMet(row) : null,
  };
}

/** A table in Markdown, which is also fit to be read on a terminal. */
export function tableOf(rows: readonly Row[], judged: boolean): string {
  const cells = rows.map((row) => [
    row.name,
    `${shown(row.ours)} ${row.unit}`,
    row.peer ? `${row.peer.name}: ${shown(row.peer.value)} ${row.unit}` : '',
    row.peer ? ratioOf(row).toFixed(2) : '',
    goalText(row),
    judged ? verdict(isMet(row)) : 'not judged',
    row.detail ?? '',
  ]);
  const all = [['what', 'ours', 'peer', 'ratio', 'goal', 'met', 'also seen'], ...cells];
  const widths = all[0]!.map((_, column) => Math.max(3, ...all.map((line) => line[column]!.length)));
  const lines = all.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  return [lines[0], `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...lines.slice(1)].join('\n');
}

export function isMet(row: Row): boolean | null {
  const { goal } = row;
  if (goal === 'none') return null;
  if ('within' in goal) return row.ours <= goal.within;
  return 'atLeast' in goal ? ratioOf(row) >= goal.atLeast : ratioOf(row) <= goal.atMost;
}

function ratioOf({ name, ours, peer }: Row): number {
  if (!peer) throw new Error(`${name} has a goal relative to a peer, and no peer`);
  return ours / peer.value;
}

function goalText({ goal, unit, peer }: Row): string {
  if (goal === 'none') return '';
  if ('within' in goal) return `within ${goal.within} ${unit}`;
  return 'atLeast' in goal ? `at least ${goal.atLeast} x ${peer?.name}` : `at most ${goal.atMost} x ${peer?.name}`;
}

function verdict(met: boolean | null): string {
  if (met === null) return '';
  return met ? 'yes' : 'NO';
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}
