import { copyFile, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asOwner } from '#testing/postgres.ts';

/**
 * Copies a running PostgreSQL's data folder into a new one, from which a server starts as of the end of the copy. It is
 * what pg_basebackup does, of which the embedded PostgreSQL has none; docs/operations.md has the same as commands.
 */
export async function copyCluster(url: string, from: string, to: string): Promise<void> {
  // The backup lasts as long as this session.
  await asOwner(url, async (client) => {
    await client.query(`alter system set wal_keep_size = '1GB'`);
    await client.query('select pg_reload_conf()');
    await client.query(`select pg_backup_start('ledger', fast => true)`);
    await copyFiles(from, to);
    const { rows: [stopped] } = await client.query<{ label: string }>('select labelfile as label from pg_backup_stop(wait_for_archive => false)');
    await writeFile(join(to, 'backup_label'), stopped!.label);
    await copyLog(join(from, 'pg_wal'), join(to, 'pg_wal'));
  });
}

/** What a server makes anew at its start, or must not find from another's life. */
const left = /^(postmaster\.(pid|opts)|backup_label.*|pg_wal|pg_(dynshmem|notify|replslot|serial|snapshots|stat_tmp|subtrans))$/;

async function copyFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of await readdir(from)) {
    if (!left.test(name)) await copyWhatIsThere(join(from, name), join(to, name));
    else if (name.startsWith('pg_')) await mkdir(join(to, name), { mode: 0o700 });
  }
}

/** After the end of the backup, when the log that it needs is complete. */
async function copyLog(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) if (/^[0-9A-F]{24}$/.test(name)) await copyWhatIsThere(join(from, name), join(to, name));
}

/** Files come and go while the server runs; the write-ahead log knows what became of them. */
async function copyWhatIsThere(from: string, to: string): Promise<void> {
  try {
    if (!(await stat(from)).isDirectory()) return await copyFile(from, to);
    await mkdir(to, { mode: 0o700 });
    for (const name of await readdir(from)) await copyWhatIsThere(join(from, name), join(to, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
