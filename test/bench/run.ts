// What `npm run bench` runs: README.md here says what it measures.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type EmbeddedKafka, startKafka } from '#embedded/kafka.ts';
import { type EmbeddedPostgres, startPostgres } from '#embedded/postgres.ts';
import { appendBenches } from './append.bench.ts';
import type { Bench, BenchContext, Row } from './bench.ts';
import { commandBenches } from './command.bench.ts';
import { asOwner } from '#testing/postgres.ts';
import { feedBenches } from './feed.bench.ts';
import { latencyBenches } from './latency.bench.ts';
import { publisherBenches } from './publisher.bench.ts';
import { rebuildBenches } from './rebuild.bench.ts';
import { queriesBenches } from './queries.bench.ts';
import { startBenches } from './start.bench.ts';
import { subscribersBenches } from './subscribers.bench.ts';
import { jsonRow, tableOf } from './table.ts';

const benches: Bench[] = [...appendBenches, ...commandBenches, ...latencyBenches, ...publisherBenches, ...rebuildBenches, ...queriesBenches, ...feedBenches, ...subscribersBenches, ...startBenches];

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false }, rounds: { type: 'string', default: '5' } },
  });
  const rounds = values.quick ? 1 : Number(values.rounds);
  const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
  if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
    process.stderr.write(`usage: npm run bench -- [--json] [--quick] [--rounds n] [${benches.map(({ name }) => name).join('|')} ...]\n`);
    return 2;
  }
  const wanted = benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const rows = await measure(wanted, { quick: values.quick, rounds });
  const judged = !values.quick;
  process.stdout.write(values.json ? `${JSON.stringify(rows.map((row) => jsonRow(row, judged)), null, 2)}\n` : `${tableOf(rows, judged)}\n`);
  return 0;
}

/** On servers of its own, in a temporary folder that is gone afterwards. */
async function measure(wanted: readonly Bench[], options: { quick: boolean; rounds: number }): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-bench-'));
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  let kafka: Promise<EmbeddedKafka> | undefined;
  const context = { ...options, kafka: () => (kafka ??= kafkaIn(join(folder, 'kafka'))), say };
  const stop = async (): Promise<void> => {
    await Promise.all([postgres.stop(), kafka?.then((broker) => broker.stop())]);
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop().finally(() => process.exit(1)));
  try {
    if (!options.quick) await useUpNewWal(postgres.url);
    const rows: Row[] = [];
    for (const bench of wanted) {
      say(`${bench.name} ...`);
      const seen = await runOne(bench, join(folder, bench.name), postgres, context);
      say(tableOf(seen, !options.quick));
      rows.push(...seen);
    }
    return rows;
  } finally {
    await stop();
  }
}

/**
 * While a server is new, each 16 MiB of its write-ahead log are a file that has to be filled with zeros and synced first, for
 * which whoever commits waits 10 to 50 ms; later a checkpoint hands on the files of before. What is measured is a server in use.
 */
async function useUpNewWal(url: string): Promise<void> {
  await asOwner(url, async (client) => {
    await client.query(`select pg_logical_emit_message(false, 'bench', repeat('-', 1024 * 1024))
                          from generate_series(1, (select setting::integer from pg_settings where name = 'max_wal_size'))`);
    await client.query('checkpoint');
  });
}

async function runOne(bench: Bench, folder: string, postgres: EmbeddedPostgres, context: Omit<BenchContext, 'folder' | 'database'>): Promise<Row[]> {
  mkdirSync(folder);
  const databases: string[] = [];
  const database = async (): Promise<string> => {
    const name = `bench_${bench.name.replaceAll('-', '_')}_${databases.length}`;
    databases.push(name);
    await asOwner(postgres.url, (client) => client.query(`create database ${name}`));
    const url = new URL(postgres.url);
    url.pathname = `/${name}`;
    return url.href;
  };
  try {
    return await bench.run({ ...context, folder, database });
  } finally {
    for (const name of databases) await asOwner(postgres.url, (client) => client.query(`drop database if exists ${name} with (force)`));
  }
}

async function kafkaIn(dataDir: string): Promise<EmbeddedKafka> {
  const kafka = await startKafka({ dataDir });
  if ('missing' in kafka) throw new Error(kafka.missing);
  return kafka;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
