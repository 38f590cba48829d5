import type { Command } from 'commander';
import { z } from 'zod';
import { openEventStore } from '#event-store/open-event-store.ts';
import { DATABASE_URL, EVENT_STORE_URL } from '#platform/config.ts';
import { readCheckpoints } from '#read-model/checkpoints.ts';
import { openPool } from '#read-model/database.ts';
import { rebuildViews, type RebuildOptions } from '#read-model/rebuild-view.ts';
import { viewId, type View } from '#read-model/view.ts';
import { views } from '#read-model/views.ts';
import { CommandEnd, EXIT, messageOf } from './exit-code.ts';
import { viewNamed, viewNames } from './named-view.ts';
import { progressBar } from './progress-bar.ts';
import { readSettings, settingsHelp } from './settings.ts';
import { printJson, printLines, type JsonOption, type Terminal } from './terminal.ts';

const Settings = z.object({ DATABASE_URL, EVENT_STORE_URL });

export function addRebuild(program: Command, terminal: Terminal): Command {
  return program
    .command('rebuild')
    .argument('[view]', `${viewNames}; all unless given`)
    .summary('fill the tables of one view, or of all, anew from the log')
    .description(`Fills a view's tables anew from the log, beside those in use, which go on serving and moving; then changes them over in
one step. Stopped or killed, it leaves the view as it was. Projector and API may run meanwhile. An event that the view can not
fold ends it, also one that was parked (\`ledger projection park\`); afterwards no event of the view is parked any more.`)
    .addHelpText('after', `\nExample:\n  $ npm run ledger -- rebuild commitments\n\n${settingsHelp}`)
    .action((name: string | undefined, options: JsonOption) => rebuild(terminal, name === undefined ? views : [viewNamed(name)], options));
}

interface Rebuilt {
  view: string;
  /** Of all that were rebuilt together. */
  milliseconds: number;
  /** Why it could not be rebuilt. */
  error?: string;
}

async function rebuild(terminal: Terminal, wanted: readonly View[], { json }: JsonOption): Promise<void> {
  const settings = readSettings(Settings, terminal);
  const store = await openEventStore(settings.EVENT_STORE_URL);
  const pool = openPool(settings.DATABASE_URL, 4);
  try {
    // A database that is not set up, or away, fails here and not once for each view.
    await readCheckpoints(pool, wanted);
    const results = await rebuildAll(terminal, { store, pool, views: wanted }, json);
    if (json) printJson(terminal, { views: results });
    else printLines(terminal, results.map(({ view, milliseconds, error }) => (error === undefined ? `${view} rebuilt in ${milliseconds} ms` : `${view} failed: ${error}`)));
    if (results.some(({ error }) => error !== undefined)) throw new CommandEnd(EXIT.failed);
  } finally {
    await pool.end();
    await store.close();
  }
}

/** In one reading of the log. A view that can't be rebuilt does not keep the others from it; a database that is away does. */
async function rebuildAll(terminal: Terminal, options: Pick<RebuildOptions, 'store' | 'pool'> & { views: readonly View[] }, json: boolean | undefined): Promise<Rebuilt[]> {
  const { views: wanted } = options;
  const bar = progressBar(terminal, (wanted.length === 1 ? viewId(wanted[0]!) : `${wanted.length} views`).padEnd(24), { json, unit: 'positions of the log' });
  const start = performance.now();
  try {
    const failures = await rebuildViews({ ...options, signal: terminal.signal, progress: (done, head) => bar.to(done, head) });
    const milliseconds = Math.round(performance.now() - start);
    const errors = new Map(failures.map(({ view, error }) => [view, messageOf(error)]));
    return wanted.map((view) => ({ view: viewId(view), milliseconds, ...(errors.has(view) && { error: errors.get(view)! }) }));
  } finally {
    bar.stop();
  }
}
