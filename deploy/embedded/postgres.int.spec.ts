import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres } from './postgres.ts';

let dataDir: string;
beforeEach(() => { dataDir = mkdtempSync(join(tmpdir(), 'embedded-postgres-')); });
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

test('listens on this machine alone, in UTF-8 and UTC, with a password of its own', async () => {
  const server = await startPostgres({ dataDir });
  try {
    expect(await query(server.url, `
      select current_setting('listen_addresses') as addresses, current_setting('server_encoding') as encoding,
             current_setting('TimeZone') as zone, current_setting('fsync') as fsync, upper('ß é') as upper`))
      .toEqual([{ addresses: '127.0.0.1', encoding: 'UTF8', zone: 'UTC', fsync: 'on', upper: 'ß É' }]);
    expect(statSync(join(dataDir, 'password')).mode & 0o777).toBe(0o600);
    const wrong = new URL(server.url);
    wrong.password = 'guess';
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  } finally {
    await server.stop();
  }
  await expect(server.exited).resolves.toBe('exit code 0');
});

test('takes over from a server whose launcher was killed, and keeps port and data', async () => {
  const orphan = await startPostgres({ dataDir });
  await query(orphan.url, 'create table kept (n int)');
  const server = await startPostgres({ dataDir });
  try {
    await orphan.exited;
    expect(server.url).toBe(orphan.url);
    expect(await query(server.url, 'select count(*)::int as n from kept')).toEqual([{ n: 0 }]);
  } finally {
    await server.stop();
  }
});

test('starts again after the server itself was killed, although its number now belongs to someone else', async () => {
  const killed = await startPostgres({ dataDir });
  await query(killed.url, 'create table kept (n int)');
  process.kill(killed.pid, 'SIGKILL');
  await killed.exited;
  const pidFile = join(dataDir, 'cluster', 'postmaster.pid');
  writeFileSync(pidFile, readFileSync(pidFile, 'utf8').replace(/^\d+/, String(process.pid)));
  const server = await startPostgres({ dataDir });
  try {
    expect(await query(server.url, 'select count(*)::int as n from kept')).toEqual([{ n: 0 }]);
  } finally {
    await server.stop();
  }
});
