import type { Command } from 'commander';
import { stringify } from 'yaml';
import { z } from 'zod';
import { paceInputsOf, paceOn } from '#domain/pace.ts';
import type { CommitmentState } from '#domain/commitment/state.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { streams } from '#domain/streams.ts';
import type { Category, StreamType } from '#domain/use-case.ts';
import { PlainDate } from '#domain/values.ts';
import { categoryOf, type EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { EVENT_STORE_URL } from '#platform/config.ts';
import { commitmentPage } from './commitment-page.ts';
import { CommandEnd, EXIT } from './exit-code.ts';
import { readSettings, settingsHelp } from './settings.ts';
import { printJson, printLines, type JsonOption, type Terminal } from './terminal.ts';

/** A record as it stood at a position of the log. */
export interface Replayed {
  stream: string;
  /** Position asked for; the end of the log where none was. */
  to: number;
  /** Calendar date for which pace is worked out. */
  on: string;
  events: readonly RecordedEvent[];
  state: unknown;
}

interface ReplayOptions extends JsonOption {
  to?: string;
  on?: string;
}

export function addReplay(program: Command, terminal: Terminal): Command {
  return program
    .command('replay')
    .argument('<id>', 'commitment-<uuid> (or the uuid alone), agency-UNDP, actionLine-C7-eGov, indicator-17.8.1')
    .summary('print a record as it stood at a position of the log')
    .description(`Folds the record's events up to a position, straight from the log, and prints the record as of then: status, who did what
when, targets with their pace. What was proposed and not approved is shown too. A position stands in every answer to a
command, and in every entry of a record's history.`)
    .option('--to <position>', 'a position of the log, or an instant such as 2022-03-28T12:00:00Z (default: the end of the log)')
    .option('--on <date>', 'the date for which pace is worked out (default: today)')
    .addHelpText('after', `\nExample:\n  $ npm run ledger -- replay commitment-0e7c1d5a-6f0f-5a55-8b0e-0d4f6a5f5a10 --to 120\n\n${settingsHelp}`)
    .action((id: string, options: ReplayOptions) => replay(terminal, id, options));
}

async function replay(terminal: Terminal, id: string, options: ReplayOptions): Promise<void> {
  const stream = streamOf(id);
  const to = placeInLog(options.to);
  const on = dateOf(options.on);
  const { EVENT_STORE_URL: url } = readSettings(z.object({ EVENT_STORE_URL }), terminal);
  const store = await openEventStore(url);
  try {
    const position = to instanceof Date ? await store.positionAt(to) : (to ?? (await store.head()));
    const events = await readEvents(store, stream, position);
    if (events.length === 0) throw await missing(store, stream, position);
    const replayed = { stream, to: position, on, events, state: fold(stream, events) };
    if (options.json) printJson(terminal, json(replayed));
    else printLines(terminal, page(replayed));
  } finally {
    await store.close();
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function streamOf(id: string): string {
  if (UUID.test(id)) return `commitment-${id.toLowerCase()}`;
  if (id.includes('-') && Object.hasOwn(streams, categoryOf(id))) return id;
  const known = Object.keys(streams).map((category) => `${category}-...`);
  throw new CommandEnd(EXIT.usage, `error: "${id}" names no record; give a commitment's uuid, or ${known.join(', ')}`);
}

function placeInLog(to: string | undefined): number | Date | undefined {
  if (to === undefined) return undefined;
  if (/^\d{1,16}$/.test(to) && Number.isSafeInteger(Number(to))) return Number(to);
  if (/^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(to) && !Number.isNaN(Date.parse(to))) return new Date(to);
  throw new CommandEnd(EXIT.usage, 'error: --to must be a position such as 120, or an instant such as 2022-03-28T12:00:00Z');
}

function dateOf(on: string | undefined): string {
  if (on === undefined) return new Date().toISOString().slice(0, 10);
  if (PlainDate.safeParse(on).success) return on;
  throw new CommandEnd(EXIT.usage, 'error: --on must be a date such as 2022-12-31');
}

const PAGE_SIZE = 1_000;
const PAGES_MAX = 1_000;

async function readEvents(store: EventStore, stream: string, upToPosition: number): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (let page = 0; page < PAGES_MAX; page++) {
    const read = await store.readStream(stream, { afterRevision: events.at(-1)?.revision ?? 0, upToPosition, limit: PAGE_SIZE });
    events.push(...read);
    if (read.length < PAGE_SIZE) return events;
  }
  throw new Error(`${stream} has more than ${PAGE_SIZE * PAGES_MAX} events`);
}

async function missing(store: EventStore, stream: string, position: number): Promise<CommandEnd> {
  const [first] = await store.readStream(stream, { limit: 1 });
  if (!first) return new CommandEnd(EXIT.failed, `error: there is no ${stream}`);
  return new CommandEnd(EXIT.failed, `error: ${stream} did not exist at position ${position}: it begins at ${first.position}, recorded ${first.recordedAt}`);
}

function fold(stream: string, events: readonly RecordedEvent[]): unknown {
  const { initial, evolve } = streams[categoryOf(stream) as Category] as unknown as StreamType<unknown, RecordedEvent>;
  return events.reduce(evolve, initial);
}

function json({ stream, to, on, events, state }: Replayed): object {
  const { revision, position, recordedAt } = events.at(-1)!;
  const isCommitment = categoryOf(stream) === 'commitment';
  return {
    stream, to, on, revision, position, recordedAt, state,
    ...(isCommitment && { pace: Object.fromEntries(Object.entries(paceInputsOf(state as CommitmentState)).map(([id, inputs]) => [id, paceOn(inputs, on)])) }),
    history: events.map((event) => ({
      position: event.position, revision: event.revision, type: event.type, recordedAt: event.recordedAt, occurredOn: event.metadata.occurredOn,
      actor: event.metadata.actor, transcribedFrom: event.metadata.transcribedFrom, data: event.data,
    })),
  };
}

function page(replayed: Replayed): string[] {
  const { stream, to, events, state } = replayed;
  const { revision, position, recordedAt } = events.at(-1)!;
  const asOf = `${stream} as of position ${to}: revision ${revision}, last changed at position ${position}, recorded ${recordedAt}`;
  const body = categoryOf(stream) === 'commitment' ? commitmentPage(state as CommitmentState, replayed.on) : stringify(state).trimEnd().split('\n');
  return [asOf, '', ...body, '', 'History', ...events.map((event) => historyLine(event, String(position).length))];
}

/** `    12  2022-03-28  ProgressPublished by cstd-secretariat-2 (secretariat of UNCTAD), transcribed from ...` */
function historyLine({ position, type, recordedAt, metadata: { actor, occurredOn, transcribedFrom } }: RecordedEvent, digits: number): string {
  const from = transcribedFrom ? `, transcribed from ${transcribedFrom.document}, ${transcribedFrom.place}` : '';
  return `  ${String(position).padStart(Math.max(6, digits))}  ${occurredOn}  ${type} by ${actor.id} (${actor.role} of ${actor.agency}), recorded ${recordedAt}${from}`;
}
