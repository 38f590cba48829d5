/** What one kind of harm did, in all the times that it was done. */
export interface Row {
  name: string;
  times: number;
  /** Commands that clients were told were accepted. */
  acknowledged: number;
  /** Commands and events that were acknowledged or recorded, and are not where they must be. */
  lost: number;
  /** Commands and events that had their effect twice. */
  doubled: number;
  /** Records that a topic holds twice, which subscribers drop. */
  repeats: number;
  /** From the end of each harm until everything was ready and a command accepted. */
  recoveryMs: number[];
}

export interface JsonRow {
  harm: string;
  times: number;
  acknowledged: number;
  lost: number;
  doubled: number;
  recoveryMsP50: number | null;
  recoveryMsMax: number | null;
}

export function toJson(rows: readonly Row[]): JsonRow[] {
  return rows.map(({ name, times, acknowledged, lost, doubled, recoveryMs }) => ({ harm: name, times, acknowledged, lost, doubled, ...recovery(recoveryMs) }));
}

/** In Markdown, with the sums below. */
export function tableOf(rows: readonly Row[]): string {
  const head = ['harm', 'times', 'acknowledged', 'lost', 'doubled', 'twice in Kafka', 'recovery p50', 'max'];
  const sum = (of: (row: Row) => number) => String(rows.reduce((total, row) => total + of(row), 0));
  const shown = (ms: number | null) => (ms === null ? '' : `${(ms / 1_000).toFixed(1)} s`);
  const lines = rows.map((row) => {
    const { recoveryMsP50, recoveryMsMax } = recovery(row.recoveryMs);
    return [row.name, String(row.times), String(row.acknowledged), String(row.lost), String(row.doubled), String(row.repeats), shown(recoveryMsP50), shown(recoveryMsMax)];
  });
  const total = ['all', sum((row) => row.times), sum((row) => row.acknowledged), sum((row) => row.lost), sum((row) => row.doubled), sum((row) => row.repeats), '', ''];
  return [head, head.map(() => '---'), ...lines, total].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function recovery(recoveryMs: readonly number[]): { recoveryMsP50: number | null; recoveryMsMax: number | null } {
  const sorted = [...recoveryMs].sort((a, b) => a - b).map(Math.round);
  return { recoveryMsP50: sorted[Math.floor((sorted.length - 1) / 2)] ?? null, recoveryMsMax: sorted.at(-1) ?? null };
}
