import type { Command } from 'commander';
import { z } from 'zod';
import { migrateLog } from '#event-store/log-owner.ts';
import { migratePublisher } from '#messaging/postgres/publisher-session.ts';
import { DATABASE_URL, EVENT_STORE_URL } from '#platform/config.ts';
import { migrateReadModel } from '#read-model/migrate-read-model.ts';
import { readSettings, settingsHelp } from './settings.ts';
import { printJson, printLines, type JsonOption, type Terminal } from './terminal.ts';

const Settings = z.object({ DATABASE_URL, EVENT_STORE_URL });

export function addMigrate(program: Command, terminal: Terminal): Command {
  return program
    .command('migrate')
    .summary("make or update the tables of log, views and publisher")
    .description(`Brings the tables of this build into the databases: the event log (KurrentDB needs none), the views and
the publisher's checkpoint. Running it again changes nothing; several at once wait for each other.`)
    .addHelpText('after', `\nExample:\n  $ npm run ledger -- migrate\n\n${settingsHelp}`)
    .action((options: JsonOption) => migrate(terminal, options));
}

async function migrate(terminal: Terminal, { json }: JsonOption): Promise<void> {
  const settings = readSettings(Settings, terminal);
  const migrated: string[] = [];
  if (await migrateLog(settings.EVENT_STORE_URL)) migrated.push('event log');
  terminal.signal.throwIfAborted();
  await migrateReadModel(settings.DATABASE_URL);
  terminal.signal.throwIfAborted();
  await migratePublisher(settings.DATABASE_URL);
  migrated.push('read model', 'publisher');
  if (json) printJson(terminal, { migrated });
  else printLines(terminal, [`up to date: ${migrated.join(', ')}`]);
}
