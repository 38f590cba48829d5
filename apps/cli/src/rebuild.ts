import type { Command } from 'commander';
import { z } from 'zod';
import { openEventStore } from '#event-store/open-event-store.ts';
import { DATABASE_URL, EVENT_STORE_URL } from '#platform/config.ts';
import { readCheckpoints } from '#read-model/checkpoints.ts';
import { openPool } from '#read-model/database.ts';
import { rebuildView, type RebuildOptions } from '#read-model/rebuild-view.ts';
import { viewId, type View } from '#read-model/view.ts';
import { views } from '#read-model/views.ts';
import { CommandEnd, EXIT, isUnreachable, messageOf } from './exit-code.ts';
import { progressBar } from './progress-bar.ts';
import { readSettings, settingsHelp } from './settings.ts';
import { printJson, printLines, type JsonOption, type Terminal } from './terminal.ts';

const Settings = z.object({ DATABASE_URL, EVENT_STORE_URL });

export function addRebuild(program: Command, terminal: Terminal): Command {
  return program
    .command('rebuild')
    .argument('[view]', `one view alone: ${views.map(({ name }) => name).join(', ')}`)
    .summary('fill the tables of one view, or of all, anew from the log')
    .description(`Fills a view's tables anew from the log, beside those in use, which go on serving and moving; then changes them over in
one step. Stopped or killed, it leaves the view as it was. Projector and API may run meanwhile.`)
    .addHelpText('after', `\nExample:\n  $ npm run ledger -- rebuild commitments\n\n${settingsHelp}`)
    .action((name: string | undefined, options: JsonOption) => rebuild(terminal, viewsNamed(name), options));
}

function viewsNamed(name: string | undefined): readonly View[] {
  if (name === undefined) return views;
  const view = views.find((one) => one.name === name || viewId(one) === name);
  if (view) return [view];
  throw new CommandEnd(EXIT.usage, `error: there is no view ${name}; there are ${views.map((one) => one.name).join(', ')}`);
}

interface Rebuilt {
  view: string;
  milliseconds: number;
  /** Why it could not be rebuilt. */
  error?: string;
}

async function rebuild(terminal: Terminal, wanted: readonly View[], { json }: JsonOption): Promise<void> {
  const settings = readSettings(Settings, terminal);
  const store = await openEventStore(settings.EVENT_STORE_URL);
  const pool = openPool(settings.DATABASE_URL, 3);
  const results: Rebuilt[] = [];
  try {
    // A database that is not set up, or away, fails here and not once for each view.
    await readCheckpoints(pool, wanted);
    for (const view of wanted) {
      const result = await rebuildOne(terminal, { store, pool, view }, json);
      results.push(result);
      if (!json) printLines(terminal, [result.error === undefined ? `${result.view} rebuilt in ${result.milliseconds} ms` : `${result.view} failed: ${result.error}`]);
    }
  } finally {
    await pool.end();
    await store.close();
  }
  if (json) printJson(terminal, { views: results });
  if (results.some(({ error }) => error !== undefined)) throw new CommandEnd(EXIT.failed);
}

/** A view that can't be rebuilt does not keep the others from it; a database that is away does. */
async function rebuildOne(terminal: Terminal, options: Pick<RebuildOptions, 'store' | 'pool' | 'view'>, json: boolean | undefined): Promise<Rebuilt> {
  const view = viewId(options.view);
  const bar = progressBar(terminal, view.padEnd(24), { json });
  const start = performance.now();
  const milliseconds = () => Math.round(performance.now() - start);
  try {
    await rebuildView({ ...options, signal: terminal.signal, progress: (done, head) => bar.to(done, head) });
    return { view, milliseconds: milliseconds() };
  } catch (error) {
    if (terminal.signal.aborted || isUnreachable(error)) throw error;
    return { view, milliseconds: milliseconds(), error: messageOf(error) };
  } finally {
    bar.stop();
  }
}
