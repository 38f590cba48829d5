import type { Command } from 'commander';
import { z } from 'zod';
import type { RecordedText } from '#domain/event.ts';
import { compareLogs, type Comparison, type Difference } from '#event-store/compare-logs.ts';
import { copyLog, type Copied } from '#event-store/copy-log.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openCopyTarget } from '#event-store/open-copy-target.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { EVENT_STORE_URL } from '#platform/config.ts';
import { CommandEnd, EXIT } from './exit-code.ts';
import { progressBar } from './progress-bar.ts';
import { readSettings, settingsHelp } from './settings.ts';
import { printJson, printLines, type JsonOption, type Terminal } from './terminal.ts';

interface CopyOptions extends JsonOption {
  from?: string;
  to: string;
  verifyOnly?: boolean;
}

export function addCopy(program: Command, terminal: Terminal): Command {
  return program
    .command('copy')
    .summary('copy the whole log into another store, of either kind')
    .description(`Copies every event as it was recorded: streams, revisions, ids, types, times, data, metadata and order stay; positions are each
store's own. Stop the API first: what it takes meanwhile is copied as long as it is seen, and what comes later stays behind.
Stopped or killed, the same command goes on where it was; so it also brings an older copy up to date. A target that holds
anything but a beginning of the source is refused. At the end both logs are read from their beginnings and compared; the hash
is over all that was recorded. In PostgreSQL the target's user must own the log. What to do afterwards stands in docs/operations.md, "Moving the log to another
store".`)
    .option('--from <url>', 'the log to copy (default: EVENT_STORE_URL)')
    .requiredOption('--to <url>', 'the log to copy it into, which is set up where it is new')
    .option('--verify-only', 'copy nothing, and compare the two logs')
    .addHelpText('after', `\nExample:\n  $ npm run ledger -- copy --to postgresql://owner:secret@db.example:5432/ledger\n\n${settingsHelp}`)
    .action((options: CopyOptions) => copy(terminal, options));
}

/** What is printed, with times in milliseconds. */
interface Report {
  copied?: Copied & { milliseconds: number };
  verified: Comparison & { milliseconds: number };
}

async function copy(terminal: Terminal, options: CopyOptions): Promise<void> {
  const from = urlOf('--from', options.from ?? readSettings(z.object({ EVENT_STORE_URL }), terminal).EVENT_STORE_URL);
  const to = urlOf('--to', options.to);
  if (from === to) throw new CommandEnd(EXIT.usage, 'error: --from and --to name the same log');
  const source = await openEventStore(from);
  try {
    const copied = options.verifyOnly ? undefined : await fill(terminal, source, to, options);
    const verified = await verify(terminal, source, to, options);
    report(terminal, { ...(copied && { copied }), verified }, options);
    if (verified.difference) throw new CommandEnd(EXIT.failed);
  } finally {
    await source.close();
  }
}

function urlOf(option: string, url: string): string {
  const checked = EVENT_STORE_URL.safeParse(url);
  // Without the value: it may hold a password.
  if (!checked.success) throw new CommandEnd(EXIT.usage, `error: ${option} ${checked.error.issues[0]!.message}`);
  return checked.data;
}

async function fill(terminal: Terminal, source: EventStore, url: string, { json }: JsonOption): Promise<Copied & { milliseconds: number }> {
  const target = await openCopyTarget(url);
  const bar = progressBar(terminal, 'copying  ', { json, unit: 'positions of the source' });
  const start = performance.now();
  try {
    const copied = await copyLog(source, target, { signal: terminal.signal, onProgress: (position, head) => bar.to(position, head) });
    return { ...copied, milliseconds: Math.round(performance.now() - start) };
  } finally {
    bar.stop();
    await target.close();
  }
}

async function verify(terminal: Terminal, source: EventStore, url: string, { json }: JsonOption): Promise<Comparison & { milliseconds: number }> {
  const target = await openEventStore(url);
  const bar = progressBar(terminal, 'verifying', { json, unit: 'positions of the source' });
  const start = performance.now();
  try {
    const compared = await compareLogs(source, target, { signal: terminal.signal, onProgress: (position, head) => bar.to(position, head) });
    return { ...compared, milliseconds: Math.round(performance.now() - start) };
  } finally {
    bar.stop();
    await target.close();
  }
}

function report(terminal: Terminal, { copied, verified }: Report, { json }: JsonOption): void {
  const { events, sha256, samePositions, difference, milliseconds } = verified;
  if (json) return printJson(terminal, { ...(copied && { copied }), verified: { same: difference === undefined, ...verified, ...(difference && { difference: placesOf(difference) }) } });
  printLines(terminal, [
    ...(copied ? [`copied ${counted(copied.events)} in ${copied.milliseconds} ms`] : []),
    ...(copied?.sourceGrew ? ['the source grew meanwhile: stop the API and whoever else writes to it, and copy again'] : []),
    difference === undefined
      ? `verified ${counted(events)} in ${milliseconds} ms: the same in both`
      : `the first ${counted(events)} are the same in both; then ${told(difference)}`,
    `sha256 of these ${events}: ${sha256}`,
    ...(difference ? [] : [samePositions ? SAME_POSITIONS : OTHER_POSITIONS]),
  ]);
}

const SAME_POSITIONS = 'positions are the same too: with EVENT_STORE_URL changed, views, publisher and subscribers go on where they are';
const OTHER_POSITIONS = 'positions differ: rebuild the views and publish anew, as docs/operations.md says under "Moving the log to another store", before anything uses the target';

function counted(events: number): string {
  return events === 1 ? '1 event' : `${events} events`;
}

function told({ source, target, fields }: Difference): string {
  if (source && target) return `${fields.join(', ')} differ: the source has ${placeOf(source)}, the target ${placeOf(target)}`;
  return source ? `the target ends, and the source goes on with ${placeOf(source)}` : `the source ends, and the target goes on with ${placeOf(target!)}`;
}

function placeOf({ position, stream, revision, id, type }: RecordedText): string {
  return `${type} ${id}, revision ${revision} of ${stream}, at position ${position}`;
}

/** What is in an event is not for everyone to see, and may be long. */
function placesOf({ source, target, fields }: Difference): object {
  const place = ({ position, stream, revision, id, type }: RecordedText): object => ({ position, stream, revision, id, type });
  return { fields, ...(source && { source: place(source) }), ...(target && { target: place(target) }) };
}
