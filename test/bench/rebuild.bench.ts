import { execFile } from 'node:child_process';
import { chmodSync, closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { PostgresEventStore } from '#event-store/postgres/postgres-event-store.ts';
import { createCheckpoints } from '#read-model/checkpoints.ts';
import { copyLines } from '#read-model/copy-rows.ts';
import { openPool } from '#read-model/database.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import { rebuildViews } from '#read-model/rebuild-view.ts';
import { tablesOf, viewSchema } from '#read-model/view.ts';
import { views } from '#read-model/views.ts';
import { type Bench, type BenchContext, type Row, takeTurns } from './bench.ts';
import { asOwner } from '#testing/postgres.ts';
import { realisticHistory, recordHistory } from './realistic-history.ts';

/** All views from the whole log, against reading the log and writing the same rows without anything in between. */
export const rebuildBenches: Bench[] = [
  { name: 'rebuild', run: rebuild },
  { name: 'rebuild-memory', run: rebuildMemory },
];

async function rebuild(context: BenchContext): Promise<Row[]> {
  const events = context.quick ? 1_000 : 500_000;
  const rounds = Math.min(context.rounds, 2);
  const url = await filledLog(context, events);
  await rebuildAll(url);
  const tables = await dumpTables(url, context.folder);
  const { ours, limit } = await takeTurns(rounds, {
    ours: () => timed(() => rebuildAll(url)),
    limit: () => timed(() => writeWithoutFolding(url, tables)),
  });
  return [{
    name: `rebuild of every view from ${events.toLocaleString('en-US')} events`,
    unit: 'events/s', ours: events / ours.seconds, peer: { name: 'reading the log and COPY of the same rows', value: events / limit.seconds }, goal: { atLeast: 0.5 },
    detail: `${ours.seconds.toFixed(1)} s, limit ${limit.seconds.toFixed(1)} s; ${rounds} rounds`,
  }];
}

async function rebuildMemory(context: BenchContext): Promise<Row[]> {
  const [small, large] = context.quick ? [500, 1_000] : [100_000, 1_000_000];
  const peaks: number[] = [];
  for (const events of [small, large]) peaks.push(await peakMegabytes(await filledLog(context, events)));
  return [{
    name: `rebuild of every view, peak memory with ${large.toLocaleString('en-US')} events`,
    unit: 'MB', ours: peaks[1]!, peer: { name: `with ${small.toLocaleString('en-US')} events`, value: peaks[0]! }, goal: { atMost: 1.25 },
    detail: 'resident set of a process of its own; 1 round',
  }];
}

async function filledLog(context: BenchContext, events: number): Promise<string> {
  context.say(`filling a log with ${events} events ...`);
  const url = await context.database();
  await migrateEventLog(url);
  await migrateReadModel(url);
  const store = await PostgresEventStore.connect({ url });
  await recordHistory(store, realisticHistory({ seed: 1, events }));
  await store.close();
  return url;
}

/** What `ledger rebuild` does. @throws Error when a view could not be rebuilt */
export async function rebuildAll(url: string): Promise<void> {
  const store = await PostgresEventStore.connect({ url });
  const pool = openPool(url, 4);
  try {
    await createCheckpoints(pool, views);
    // As if the projector stood at the head: nobody needs to have run it before.
    await pool.query('update read_model.checkpoints set position = $1', [await store.head()]);
    const [failure] = await rebuildViews({ store, pool, views });
    if (failure) throw failure.error;
  } finally {
    await pool.end();
    await store.close();
  }
}

async function peakMegabytes(url: string): Promise<number> {
  // The flag is that of `npm run ledger`.
  const child = await promisify(execFile)(process.execPath, ['--heap-growing-percent=50', '--import', './test/typescript.mjs', './test/bench/rebuild-child.ts', url]);
  return Number(child.stdout);
}

/** A filled table of a view, with its rows in a file as COPY writes them. */
interface DumpedTable {
  /** `view_commitments_v1.rows` */
  from: string;
  /** Beside it, for the limit to write. */
  to: string;
  file: string;
  indexes: string[];
}

async function dumpTables(url: string, folder: string): Promise<DumpedTable[]> {
  chmodSync(folder, 0o777);
  return asOwner(url, async (client) => {
    const tables: DumpedTable[] = [];
    await client.query('create schema bare');
    for (const view of views) for (const table of tablesOf(view)) {
      const from = `${viewSchema(view)}.${table}`;
      const to = `bare.${view.name}_${table}`;
      const file = join(folder, `${view.name}.${table}`);
      await client.query(`copy ${from} to '${file}'`);
      const found = await client.query<{ indexdef: string }>('select indexdef from pg_indexes where schemaname = $1 and tablename = $2', [viewSchema(view), table]);
      tables.push({ from, to, file, indexes: found.rows.map(({ indexdef }) => indexdef.replace(/INDEX \S+ ON/, 'INDEX ON').replace(` ON ${from} `, ` ON ${to} `)) });
    }
    return tables;
  });
}

/** Reads the whole log and, meanwhile, writes the rows to tables like the views', of which the indexes are made at the end, as a rebuild does. */
async function writeWithoutFolding(url: string, tables: DumpedTable[]): Promise<void> {
  await asOwner(url, async (client) => {
    await client.query(`set synchronous_commit = off; set maintenance_work_mem = '256MB'`);
    for (const { from, to } of tables) await client.query(`drop table if exists ${to}; create table ${to} (like ${from})`);
    await Promise.all([
      readLog(url),
      (async () => {
        for (const { to, file } of tables) for (const lines of blocksOf(file)) await copyLines(client, `copy ${to} from stdin`, [lines]);
      })(),
    ]);
    for (const { to, indexes } of tables) {
      for (const index of indexes) await client.query(index);
      await client.query(`analyze ${to}`);
    }
  });
}

async function readLog(url: string): Promise<void> {
  const store = await PostgresEventStore.connect({ url });
  let coming = store.readAll(0, 2_000);
  for (let page = await coming; page.length > 0; page = await coming) coming = store.readAll(page.at(-1)!.position, 2_000);
  await store.close();
}

const BLOCK_BYTES = 8 * 1024 * 1024;

/** A file's text, in blocks of whole lines. */
function* blocksOf(file: string): Generator<string, void, void> {
  const opened = openSync(file, 'r');
  try {
    const block = Buffer.alloc(BLOCK_BYTES);
    for (let kept = 0; ; ) {
      const end = kept + readSync(opened, block, kept, BLOCK_BYTES - kept, null);
      if (end === kept) return;
      const whole = block.lastIndexOf(0x0a, end - 1) + 1;
      yield block.toString('utf8', 0, whole);
      kept = block.copy(block, 0, whole, end);
    }
  } finally {
    closeSync(opened);
  }
}

async function timed(work: () => Promise<void>): Promise<{ seconds: number }> {
  const started = performance.now();
  await work();
  return { seconds: (performance.now() - started) / 1000 };
}
