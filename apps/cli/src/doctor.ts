import type { Command } from 'commander';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { published, topics, UnmappableEventError } from '#contracts/published.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { eventAt } from '#event-store/event-at.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { positionsNotHeld } from '#event-store/holds-position.ts';
import { logLag, toldEvents } from '#event-store/log-lag.ts';
import { placeOfLog } from '#event-store/log-url.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { highestPublished } from '#messaging/highest-published.ts';
import { openKafka } from '#messaging/kafkajs/open-kafka.ts';
import { publishedPosition } from '#messaging/postgres/published-position.ts';
import { DATABASE_URL, EVENT_STORE_URL, KAFKA_BROKERS, PORT } from '#platform/config.ts';
import { toldServer } from '#platform/log-check.ts';
import { openPool } from '#read-model/database.ts';
import { readViewLag, type ViewLag } from '#read-model/view-lag.ts';
import { views } from '#read-model/views.ts';
import { CommandEnd, EXIT, isNotSetUp, messageOf } from './exit-code.ts';
import { API_URL, APP_URL, apiUrlOf, readSettings, settingsHelp } from './settings.ts';
import { printJson, printLines, type JsonOption, type Terminal } from './terminal.ts';

const Settings = z.object({
  DATABASE_URL, EVENT_STORE_URL, KAFKA_BROKERS: KAFKA_BROKERS.optional(), PORT, API_URL,
  PROJECTOR_URL: APP_URL, PUBLISHER_URL: APP_URL, REPORTING_URL: APP_URL,
});
type Settings = z.output<typeof Settings>;

/** Events may wait for a moment; longer than this, something is wrong. */
const LAG_SECONDS_MAX = 30;
/** Of one check. */
const CHECK_MS_MAX = 15_000;
const APP_MS_MAX = 5_000;

/** One thing looked at. */
interface Check {
  name: string;
  ok: boolean;
  detail: string;
  /** What to do: where it is not well, or as a warning. */
  todo?: string;
  /** Position of the log that it has come to, where it follows the log. */
  position?: number;
  /** Events that it has not passed yet, counted up to LAG_EVENTS_MAX. */
  lagEvents?: number;
  lagSeconds?: number;
}

export function addDoctor(program: Command, terminal: Terminal): Command {
  return program
    .command('doctor')
    .summary('say what is reachable, how far views and publisher lag, and what to do')
    .description(`Looks at the log, the views, Kafka, the publisher and the API, and says of each whether it is well, how far it lags behind
the log, and what to do where it is not. A lag is trouble when the next event has been waiting for more than ${LAG_SECONDS_MAX} seconds.
Ends with 0 where all is well and with 1 where anything is not.`)
    .addHelpText('after', `\nExample:\n  $ npm run ledger -- doctor\n\n${settingsHelp}`)
    .action((options: JsonOption) => doctor(terminal, options));
}

async function doctor(terminal: Terminal, { json }: JsonOption): Promise<void> {
  const checks = await examine(readSettings(Settings, terminal), terminal.signal);
  const well = checks.every(({ ok }) => ok);
  if (json) printJson(terminal, { well, checks });
  else printLines(terminal, [...checks.flatMap(lines), '', well ? (checks.some(({ todo }) => todo) ? 'all is well, but for the warnings' : 'all is well') : 'not all is well']);
  if (!well) throw new CommandEnd(EXIT.failed);
}

function lines({ name, ok, detail, todo }: Check): string[] {
  const indent = ' '.repeat(6);
  return [
    `${(ok ? (todo === undefined ? 'ok' : 'warn') : 'FAIL').padEnd(indent.length)}${name.padEnd(26)}  ${detail.replaceAll('\n', `\n${indent}`)}`,
    ...(todo === undefined ? [] : [`${indent}-> ${todo}`]),
  ];
}

async function examine(settings: Settings, signal: AbortSignal): Promise<Check[]> {
  const store = await openEventStore(settings.EVENT_STORE_URL).catch((error: Error) => error);
  try {
    const checks = await Promise.all([
      checked('log', signal, START_DATABASE, () => log(store, settings)),
      checked('views', signal, START_DATABASE, () => readModel(store, settings)),
      checked('Kafka', signal, 'start the broker that KAFKA_BROKERS names, or correct it', () => kafka(store, settings)),
      checked('publisher', signal, START_DATABASE, () => publisher(store, settings)),
      ...appsOf(settings).map(([name, url]) => checked(name, signal, `start it, and see its log; it was looked for at ${url}`, () => app(name, url))),
    ]);
    return checks.flat();
  } finally {
    if (!(store instanceof Error)) await store.close();
  }
}

const START_DATABASE = 'start the database, or correct DATABASE_URL and EVENT_STORE_URL; `npm start` runs one by itself';
const MIGRATE = 'run `ledger migrate`';

/** A check that throws, or takes too long, tells of itself that it is not well. */
async function checked(name: string, signal: AbortSignal, unreachableTodo: string, check: () => Promise<Check[]>): Promise<Check[]> {
  const late = new AbortController();
  const tooLate = delay(CHECK_MS_MAX, undefined, { signal: AbortSignal.any([late.signal, signal]) }).then(() => {
    throw new Error(`no answer in ${CHECK_MS_MAX / 1_000} s`);
  });
  try {
    return await Promise.race([check(), tooLate]);
  } catch (error) {
    signal.throwIfAborted();
    return [{ name, ok: false, detail: messageOf(error), todo: isNotSetUp(error) ? MIGRATE : unreachableTodo }];
  } finally {
    late.abort();
    tooLate.catch(() => undefined);
  }
}

async function log(store: EventStore | Error, settings: Settings): Promise<Check[]> {
  const opened = orThrow(store);
  const head = await opened.head();
  const last = head === 0 ? undefined : await eventAt(opened, head);
  const detail = head === 0 ? 'is empty' : `ends at position ${head}${last ? `, recorded ${last.recordedAt}` : ''}`;
  return [{ name: 'log', ok: true, detail: `${placeOfLog(settings.EVENT_STORE_URL)} (${toldServer(await opened.server())}) ${detail}`, position: head }];
}

/** The log is told on a line of its own. */
function orThrow(store: EventStore | Error): EventStore {
  if (store instanceof Error) throw store;
  return store;
}

async function readModel(store: EventStore | Error, settings: Settings): Promise<Check[]> {
  const opened = orThrow(store);
  const pool = openPool(settings.DATABASE_URL, 1);
  try {
    const lags = await readViewLag(opened, pool, views);
    const notHeld = await positionsNotHeld(opened, lags.map(({ position }) => position));
    return lags.map((lag) => (notHeld.has(lag.position) ? lostCheck(lag) : viewCheck(lag)));
  } finally {
    await pool.end();
  }
}

function viewCheck({ view, position, lagEvents, lagSeconds, error, errorPosition, errorStream, errorEventType, failingSince, parkedEvents }: ViewLag): Check {
  const place = { name: `view ${view}`, position, lagEvents, lagSeconds };
  if (error !== null) {
    const detail = `fails since ${failingSince} at position ${errorPosition}, ${errorEventType} in ${errorStream ?? 'a stream'}: ${error}`;
    return { ...place, ok: false, detail, todo: 'deploy a projector whose view folds this event: it goes on by itself; the other views are not held up. See also `ledger projection --help`' };
  }
  const lag = lagCheck(position, lagEvents, lagSeconds);
  if (parkedEvents > 0) {
    const todo = `deploy a build that can fold them, then \`ledger rebuild ${nameOf(view)}\`; \`ledger projection list\` tells which they are`;
    return { ...place, ...lag, detail: `${lag.detail}; events that were parked, and that its answers lack: ${parkedEvents}`, todo };
  }
  return { ...place, ...lag, todo: todoOfLag(lagSeconds, 'is the projector running? See its log, and its /health/ready') };
}

function nameOf(view: string): string {
  return view.replace(/_v\d+$/, '');
}

/** The view has folded events that the log does not hold any more. */
function lostCheck({ view, position, lagEvents, lagSeconds }: ViewLag): Check {
  return {
    name: `view ${view}`, ok: false, position, lagEvents, lagSeconds, detail: `at ${position}, where the log has no event: it has lost its end, or is another log`,
    todo: `${RESUME}; then rebuild the view: \`ledger rebuild ${nameOf(view)}\``,
  };
}

const RESUME = 'after a restore see `ledger log resume-above --help`, unless it was done';

function lagCheck(position: number, lagEvents: number, lagSeconds: number): Pick<Check, 'ok' | 'detail'> {
  const detail = lagEvents === 0 ? `at ${position}, the end of the log` : `at ${position}, ${toldEvents(lagEvents)} behind the log, for ${lagSeconds.toFixed(1)} s`;
  return { ok: lagSeconds <= LAG_SECONDS_MAX, detail };
}

function todoOfLag(lagSeconds: number, todo: string): string | undefined {
  return lagSeconds > LAG_SECONDS_MAX ? todo : undefined;
}

async function kafka(store: EventStore | Error, { KAFKA_BROKERS: brokers }: Settings): Promise<Check[]> {
  if (brokers === undefined) return [{ name: 'Kafka', ok: true, detail: 'no broker is set (KAFKA_BROKERS): subscribers have the feed of the API' }];
  // Trouble with connections is told by the error of the call.
  const client = openKafka(brokers, { log: () => undefined, warn: () => undefined, error: () => undefined });
  try {
    const there = await client.describeTopics(topics);
    const missing = topics.filter((topic) => !there.has(topic));
    const at = brokers.join(', ');
    if (missing.length > 0) return [{ name: 'Kafka', ok: false, detail: `${at} lacks ${missing.join(', ')}`, todo: 'start the publisher: it makes its topics' }];
    const position = await highestPublished(client);
    const detail = `${at} has the ${topics.length} topics, with events up to position ${position}`;
    // Should the log be away, its own line says so.
    const head = store instanceof Error ? position : await store.head();
    if (position > head) return [{ name: 'Kafka', ok: false, position, detail: `${detail}, but the log ends at ${head}: it has lost its end, or is another log`, todo: RESUME }];
    return [{ name: 'Kafka', ok: true, position, detail }];
  } finally {
    await client.close();
  }
}

async function publisher(store: EventStore | Error, settings: Settings): Promise<Check[]> {
  if (settings.KAFKA_BROKERS === undefined) return [];
  const opened = orThrow(store);
  const pool = openPool(settings.DATABASE_URL, 1);
  try {
    const position = (await publishedPosition(pool)) ?? 0;
    const head = await opened.head();
    if (position > head) return [{ name: 'publisher', ok: false, position, detail: `at ${position}, but the log ends at ${head}: it has lost its end`, todo: RESUME }];
    const { events, seconds } = await logLag(opened, position);
    const [next] = await opened.readAll(position, 1);
    const refused = next && unmappable(next);
    if (refused) return [{ name: 'publisher', ok: false, position, lagEvents: events, lagSeconds: seconds, detail: `at ${position}, and goes no further: ${refused.message}`, todo: UNMAPPABLE }];
    const todo = todoOfLag(seconds, 'is the publisher running? See its log: it says what it waits for, or why it refuses to go on');
    return [{ name: 'publisher', position, lagEvents: events, lagSeconds: seconds, ...lagCheck(position, events, seconds), todo }];
  } finally {
    await pool.end();
  }
}

const UNMAPPABLE = 'deploy a publisher that knows the event, or mend what wrote it; until then nothing behind it is published, and the feed stands before it too';

function unmappable(event: RecordedEvent): UnmappableEventError | undefined {
  try {
    published(event);
    return undefined;
  } catch (error) {
    if (error instanceof UnmappableEventError) return error;
    throw error;
  }
}

function appsOf(settings: Settings): [name: string, url: string][] {
  const { PROJECTOR_URL, PUBLISHER_URL, REPORTING_URL, KAFKA_BROKERS: brokers } = settings;
  const others: [string, string | undefined][] = [
    ['projector', PROJECTOR_URL],
    // These two run only where there is a broker.
    ['publisher app', brokers && PUBLISHER_URL],
    ['reporting', brokers && REPORTING_URL],
  ];
  return [['API', apiUrlOf(settings)], ...others.filter((one): one is [string, string] => one[1] !== undefined)];
}

const Health = z.object({ status: z.string(), checks: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string() })) });

async function app(name: string, url: string): Promise<Check[]> {
  const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(APP_MS_MAX) });
  const health = Health.safeParse(await response.json().catch(() => undefined));
  if (!health.success) throw new Error(`${url} answers ${response.status} and is no app of the ledger`);
  const details = Object.entries(health.data.checks).map(([check, { ok, detail }]) => `${ok ? '' : 'not well: '}${check}: ${detail}`);
  const detail = [`${url} is ${health.data.status}`, ...details].join('; ');
  return [{ name, ok: response.ok, detail, ...(!response.ok && { todo: 'see the log of this app; the lines above may tell the cause' }) }];
}
