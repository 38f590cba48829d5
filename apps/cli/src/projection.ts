import type { Command } from 'commander';
import { z } from 'zod';
import { Actor } from '#domain/event.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { toldEvents } from '#event-store/log-lag.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { DATABASE_URL, EVENT_STORE_URL } from '#platform/config.ts';
import { readCheckpoints } from '#read-model/checkpoints.ts';
import { openPool } from '#read-model/database.ts';
import { parkEvent, ParkReason, readParkedEvents, type ParkedEvent } from '#read-model/parked-events.ts';
import { retryView } from '#read-model/run-views.ts';
import { readViewLag, type ViewLag } from '#read-model/view-lag.ts';
import type { View } from '#read-model/view.ts';
import { views } from '#read-model/views.ts';
import { CommandEnd, EXIT } from './exit-code.ts';
import { viewNamed, viewNames } from './named-view.ts';
import { readSettings, settingsHelp } from './settings.ts';
import { printJson, printLines, type JsonOption, type Terminal } from './terminal.ts';

const Settings = z.object({ DATABASE_URL, EVENT_STORE_URL });

export function addProjection(program: Command, terminal: Terminal): Command[] {
  const projection = program.command('projection').description('see how far the views are, and help one that stands before an event that it can not fold');
  return [addList(projection, terminal), addRetry(projection, terminal), addPark(projection, terminal)];
}

function addList(projection: Command, terminal: Terminal): Command {
  return projection
    .command('list')
    .summary('say of each view how far it is, at what event it fails, and what it has stepped over')
    .description(`Says of each view where it stands, how far that is behind the log, which event it fails at and why, and the record of
each event that it was made to step over.`)
    .addHelpText('after', `\nExample:\n  $ npm run ledger -- projection list\n\n${settingsHelp}`)
    .action((options: JsonOption) => list(terminal, options));
}

function addRetry(projection: Command, terminal: Terminal): Command {
  return projection
    .command('retry')
    .argument('<view>', viewNames)
    .summary('try again at once what a view could not fold')
    .description(`Tries the event at which a view fails, at once and with this build, and where that works goes on to the end of the log.
A projector tries again by itself, every ten seconds at least, and again when it is started: this is for who has mended
the cause and does not want to wait, or has a build that can fold the event. Ends with 1 where the view still fails.`)
    .addHelpText('after', `\nExample:\n  $ npm run ledger -- projection retry commitments\n\n${settingsHelp}`)
    .action((name: string, options: JsonOption) => retry(terminal, viewNamed(name), options));
}

interface ParkOptions extends JsonOption {
  reason: string;
  id: string;
  agency: string;
}

function addPark(projection: Command, terminal: Terminal): Command {
  return projection
    .command('park')
    .argument('<view>', viewNames)
    .argument('<position>', 'of the event at which the view fails: `ledger projection list` tells it')
    .summary('make a view step over the one event at which it fails')
    .description(`For a view that must go on before a build is there that can fold the event at which it fails. Steps over that one event
and no other, and keeps a record of it: from then on every answer that uses the view says so in its header Ledger-Parked, and
so do /health/ready, /metrics and \`ledger doctor\`. Later events about the same thing may fail too. The log stays as it is.
The way back is \`ledger rebuild <view>\` with a build that can fold the event: a rebuild steps over nothing, so until then it
fails at the event and leaves the view as it is; when it succeeds, the record goes.`)
    .requiredOption('--reason <text>', 'why, for whoever reads the record: 1 to 1,000 characters, no names or addresses')
    .option('--id <id>', 'opaque id of who does it, never a name or address', 'UNCTAD-administrator')
    .option('--agency <code>', 'agency of who does it', 'UNCTAD')
    .addHelpText('after', `\nExample:\n  $ npm run ledger -- projection park commitments 1207 --reason "Sent by a faulty build; see ticket 31"\n\n${settingsHelp}`)
    .action((name: string, position: string, options: ParkOptions) => park(terminal, viewNamed(name), position, options));
}

async function list(terminal: Terminal, { json }: JsonOption): Promise<void> {
  const told = await withReadModel(terminal, async ({ store, pool }) => {
    const [lags, parked] = [await readViewLag(store, pool, views), await readParkedEvents(pool, views)];
    return lags.map((lag) => ({ ...lag, parked: parked.filter(({ view }) => view === lag.view) }));
  });
  if (json) printJson(terminal, { views: told });
  else printLines(terminal, told.flatMap(linesOf));
}

function linesOf({ view, position, lagEvents, lagSeconds, parked, ...failure }: ViewLag & { parked: ParkedEvent[] }): string[] {
  const lag = lagEvents === 0 ? 'the end of the log' : `${toldEvents(lagEvents)} behind, for ${lagSeconds.toFixed(1)} s`;
  return [
    `${view.padEnd(24)}  at ${position}, ${lag}`,
    ...(failure.error === null ? [] : [`      ${failing(failure)}`]),
    ...parked.map((one) => `      parked ${one.position}, ${one.eventType} in ${one.stream} (${one.error}), by ${one.actorId} of ${one.actorAgency} at ${one.parkedAt}: ${one.reason}`),
  ];
}

function failing({ error, errorPosition, errorStream, errorEventType, failingSince }: Pick<ViewLag, 'error' | 'errorPosition' | 'errorStream' | 'errorEventType' | 'failingSince'>): string {
  return `fails at ${errorPosition}, ${errorEventType} in ${errorStream ?? 'a stream'}, since ${failingSince}: ${error}`;
}

async function retry(terminal: Terminal, view: View, { json }: JsonOption): Promise<void> {
  const { before, after } = await withReadModel(terminal, async ({ store, pool }) => {
    const [standing] = await readCheckpoints(pool, [view]);
    await retryView({ store, pool, view, signal: terminal.signal });
    return { before: standing!, after: (await readViewLag(store, pool, [view]))[0]! };
  });
  terminal.signal.throwIfAborted();
  const stands = `stands at ${after.position}${after.lagEvents === 0 ? ', the end of the log' : ''}`;
  const outcome = after.error !== null ? failing(after) : before.error === null ? `did not fail; it ${stands}` : `goes on; it ${stands}`;
  if (json) printJson(terminal, after);
  else printLines(terminal, [`${after.view} ${outcome}`]);
  if (after.error !== null) throw new CommandEnd(EXIT.failed);
}

async function park(terminal: Terminal, view: View, text: string, { reason, id, agency, json }: ParkOptions): Promise<void> {
  const position = z.string().regex(/^[1-9]\d{0,15}$/).transform(Number).pipe(z.int()).safeParse(text);
  if (!position.success) throw new CommandEnd(EXIT.usage, 'error: the position must be a whole number, that of the event at which the view fails');
  const why = ParkReason.safeParse(reason);
  if (!why.success) throw new CommandEnd(EXIT.usage, why.error.issues.map(({ message }) => `error: --reason: ${message}`).join('\n'));
  const actor = Actor.omit({ role: true }).safeParse({ id, agency });
  if (!actor.success) throw new CommandEnd(EXIT.usage, actor.error.issues.map((issue) => `error: --${issue.path.join('.')} ${issue.message}`).join('\n'));
  const parked = await withReadModel(terminal, ({ store, pool }) => parkEvent({ store, pool, view, position: position.data, reason: why.data, actor: actor.data }));
  if (json) return printJson(terminal, parked);
  printLines(terminal, [
    `${parked.view} has stepped over ${parked.position}, ${parked.eventType} in ${parked.stream}; its answers say so`,
    `the way back, with a build that can fold the event: ledger rebuild ${view.name}`,
  ]);
}

/** What a command finds amiss is told as its error, with the connections closed. */
async function withReadModel<T>(terminal: Terminal, work: (opened: { store: EventStore; pool: ReturnType<typeof openPool> }) => Promise<T>): Promise<T> {
  const settings = readSettings(Settings, terminal);
  const store = await openEventStore(settings.EVENT_STORE_URL);
  const pool = openPool(settings.DATABASE_URL, 2);
  try {
    return await work({ store, pool });
  } finally {
    await pool.end();
    await store.close();
  }
}
