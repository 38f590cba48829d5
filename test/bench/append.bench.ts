import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { NewEvent } from '#domain/event.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { PostgresEventStore } from '#event-store/postgres/postgres-event-store.ts';
import { type Bench, type BenchContext, percentile, race, type Row, takeTurns } from './bench.ts';
import { asOwner } from '#testing/postgres.ts';

/** The event log against what a log needs at the very least, and against Emmett. */
export const appendBenches: Bench[] = [
  { name: 'append-one', run: appendOne },
  { name: 'append-128', run: append128 },
  { name: 'append-existing', run: appendExisting },
  { name: 'append-bulk', run: appendBulk },
  { name: 'append-growth', run: appendGrowth },
];

async function appendOne(context: BenchContext): Promise<Row[]> {
  const logs = await openLogs(context, { ours: openOurs, bare: (url) => openBare(url, 1), emmett: (url) => openEmmett(url, 1) });
  try {
    const { ours, bare, emmett } = await takeTurns(context.rounds, {
      ours: () => toNewStreams(logs.ours, 1, sized(context, 3_000)),
      bare: () => toNewStreams(logs.bare, 1, sized(context, 3_000)),
      emmett: () => toNewStreams(logs.emmett, 1, sized(context, 1_500)),
    });
    const name = 'append, 1 event each to a new stream, 1 writer';
    return [
      { name, unit: 'events/s', ours: ours.rate, peer: { name: 'bare INSERT', value: bare.rate }, goal: { atLeast: 0.82 } },
      { name, unit: 'events/s', ours: ours.rate, peer: { name: 'Emmett', value: emmett.rate }, goal: { atLeast: 2 } },
    ];
  } finally {
    await closeAll(logs);
  }
}

async function append128(context: BenchContext): Promise<Row[]> {
  const logs = await openLogs(context, {
    ours: openOurs,
    bare: (url) => openBare(url, BARE_CONNECTIONS),
    emmett: (url) => openEmmett(url, EMMETT_CONNECTIONS),
  });
  try {
    const { ours, bare, emmett } = await takeTurns(context.rounds, {
      ours: () => toNewStreams(logs.ours, 128, sized(context, 60_000)),
      bare: () => toNewStreams(logs.bare, 128, sized(context, 25_000)),
      emmett: () => toNewStreams(logs.emmett, 128, sized(context, 8_000)),
    });
    const name = 'append, 1 event each to a new stream, 128 writers';
    return [
      {
        name, unit: 'events/s', ours: ours.rate, peer: { name: 'bare INSERT', value: bare.rate }, goal: { atLeast: 2.4 },
        detail: `connections: ours 1, bare ${BARE_CONNECTIONS}; p99 of bare ${bare.p99.toFixed(1)} ms`,
      },
      { name, unit: 'events/s', ours: ours.rate, peer: { name: 'Emmett', value: emmett.rate }, goal: { atLeast: 9 }, detail: `connections: Emmett ${EMMETT_CONNECTIONS}` },
      { name: `${name}, p99`, unit: 'ms', ours: ours.p99, peer: { name: 'Emmett', value: emmett.p99 }, goal: { atMost: 0.2 } },
    ];
  } finally {
    await closeAll(logs);
  }
}

async function appendExisting(context: BenchContext): Promise<Row[]> {
  const logs = await openLogs(context, { ours: openOurs, emmett: (url) => openEmmett(url, EMMETT_CONNECTIONS) });
  const streams = { ours: await existingStreams(logs.ours), emmett: await existingStreams(logs.emmett) };
  try {
    const { ours, emmett } = await takeTurns(context.rounds, {
      ours: () => toExistingStreams(logs.ours, streams.ours, 32, sized(context, 30_000)),
      emmett: () => toExistingStreams(logs.emmett, streams.emmett, 32, sized(context, 6_000)),
    });
    return [{
      name: 'append with expected revision to 1,000 existing streams, 32 writers',
      unit: 'events/s', ours: ours.rate, peer: { name: 'Emmett', value: emmett.rate }, goal: { atLeast: 5 },
      detail: `p99 ${ours.p99.toFixed(1)} ms, Emmett's ${emmett.p99.toFixed(1)} ms`,
    }];
  } finally {
    await closeAll(logs);
  }
}

async function appendBulk(context: BenchContext): Promise<Row[]> {
  const logs = await openLogs(context, { ours: openOurs, bare: (url) => openBareUnnest(url, 4) });
  try {
    const { ours, bare } = await takeTurns(context.rounds, {
      ours: () => toNewStreams(logs.ours, 4, sized(context, 1_000), 100),
      bare: () => toNewStreams(logs.bare, 4, sized(context, 1_000), 100),
    });
    return [{
      name: 'append, 100 events each, 4 writers',
      unit: 'events/s', ours: ours.rate * 100, peer: { name: 'bare unnest of 100', value: bare.rate * 100 }, goal: { atLeast: 0.5 },
    }];
  } finally {
    await closeAll(logs);
  }
}

async function appendGrowth(context: BenchContext): Promise<Row[]> {
  const grownUrl = await context.database();
  const events = context.quick ? 5_000 : 2_000_000;
  await migrateEventLog(grownUrl);
  context.say(`filling a log with ${events} events ...`);
  await fillLog(grownUrl, events);
  const grown = await openOurs(grownUrl);
  try {
    const { large, empty } = await takeTurns(context.rounds, {
      large: () => toNewStreams(grown, 128, sized(context, 60_000)),
      // A new one each time, since an empty log doesn't stay empty; its connection is warmed up, as the other's is.
      empty: async () => {
        const log = await openOurs(await context.database());
        try {
          await toNewStreams(log, 128, sized(context, 2_000));
          return await toNewStreams(log, 128, sized(context, 60_000));
        } finally {
          await log.close();
        }
      },
    });
    return [{
      name: `append, 128 writers, with ${events.toLocaleString('en-US')} events in the log`,
      unit: 'events/s', ours: large.rate, peer: { name: 'the same on an empty log', value: empty.rate }, goal: { atLeast: 0.85 },
      detail: `p99 ${large.p99.toFixed(1)} ms, empty ${empty.p99.toFixed(1)} ms`,
    }];
  } finally {
    await grown.close();
  }
}

/** What served each best of 8, 16 and 32 on two cores, at 128 writers: bare INSERT 6,800, 9,900, 10,200/s, Emmett 2,570, 2,970, 2,870/s. */
const BARE_CONNECTIONS = 32;
const EMMETT_CONNECTIONS = 16;

/** What the three have in common. */
interface Log {
  /** @throws when the stream has another revision than expected */
  append(stream: string, expected: number, events: readonly NewEvent[]): Promise<unknown>;
  close(): Promise<void>;
}

async function toNewStreams(log: Log, writers: number, appends: number, eventsEach = 1): Promise<{ rate: number; p99: number }> {
  return rateAndP99(await race(writers, appends, () => log.append(`commitment-${randomUUID()}`, 0, someEvents(eventsEach))));
}

interface Stream { name: string; revision: number }

async function existingStreams(log: Log): Promise<Stream[]> {
  const streams = Array.from({ length: 1_000 }, () => ({ name: `commitment-${randomUUID()}`, revision: 1 }));
  await race(32, streams.length, (index) => log.append(streams[index]!.name, 0, someEvents(1)));
  return streams;
}

/** Takes the streams in turn; one that is being appended to is nobody else's. */
async function toExistingStreams(log: Log, free: Stream[], writers: number, appends: number): Promise<{ rate: number; p99: number }> {
  return rateAndP99(await race(writers, appends, async () => {
    const stream = free.shift()!;
    await log.append(stream.name, stream.revision, someEvents(1));
    stream.revision += 1;
    free.push(stream);
  }));
}

function rateAndP99({ rate, latencies }: { rate: number; latencies: number[] }): { rate: number; p99: number } {
  return { rate, p99: percentile(latencies, 0.99) };
}

/** What is measured is what ships: the store with its default settings. */
async function openOurs(url: string): Promise<Log> {
  await migrateEventLog(url);
  const store = await PostgresEventStore.connect({ url });
  return {
    async append(stream, expected, events) {
      const result = await store.append(stream, expected, events);
      if (result.outcome !== 'appended') throw new Error(`an append to ${stream} was a ${result.outcome}`);
    },
    close: () => store.close(),
  };
}

/** A table of the same columns with the least that a log needs: a key to read on from, and one event per revision. */
const PLAIN_TABLE = `create table log (
  position bigint generated always as identity primary key, stream text not null collate "C", revision integer not null,
  id uuid not null, type text not null collate "C", recorded_at timestamptz not null default clock_timestamp(),
  data json not null, metadata json not null, unique (stream, revision))`;

/** Each event one prepared, auto-committed INSERT. */
async function openBare(url: string, connections: number): Promise<Log> {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  await pool.query(PLAIN_TABLE);
  return {
    async append(stream, expected, [event]) {
      await pool.query({
        name: 'insert',
        text: 'insert into log (stream, revision, id, type, data, metadata) values ($1, $2, $3, $4, $5, $6)',
        values: [stream, expected + 1, event!.id, event!.type, JSON.stringify(event!.data), JSON.stringify(event!.metadata)],
      });
    },
    close: () => pool.end(),
  };
}

/** All events of an append in one prepared, auto-committed INSERT. */
async function openBareUnnest(url: string, connections: number): Promise<Log> {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  await pool.query(PLAIN_TABLE);
  return {
    async append(stream, expected, events) {
      await pool.query({
        name: 'insert',
        text: `insert into log (stream, revision, id, type, data, metadata)
               select * from unnest($1::text[], $2::integer[], $3::uuid[], $4::text[], $5::json[], $6::json[])`,
        values: [
          events.map(() => stream),
          events.map((_, index) => expected + index + 1),
          events.map(({ id }) => id),
          events.map(({ type }) => type),
          events.map(({ data }) => JSON.stringify(data)),
          events.map(({ metadata }) => JSON.stringify(metadata)),
        ],
      });
    },
    close: () => pool.end(),
  };
}

async function openEmmett(url: string, connections: number): Promise<Log> {
  // By a name that the compiler doesn't follow: nobody but this bench needs the package.
  const peer = './peers/emmett.mjs';
  const module = await import(peer) as { openEmmett(url: string, connections: number): Promise<Log> };
  return module.openEmmett(url, connections);
}

async function openLogs<Side extends string>(context: BenchContext, openers: Record<Side, (url: string) => Promise<Log>>): Promise<Record<Side, Log>> {
  const logs = {} as Record<Side, Log>;
  for (const side of Object.keys(openers) as Side[]) logs[side] = await openers[side](await context.database());
  return logs;
}

async function closeAll(logs: Record<string, Log>): Promise<void> {
  await Promise.all(Object.values(logs).map((log) => log.close()));
}

/**
 * As appends would have left it: dense positions, every stream's revisions without a gap, streams of ten events that
 * grew side by side. The server writes it, because that takes a minute instead of several.
 */
async function fillLog(url: string, events: number): Promise<void> {
  await asOwner(url, async (client) => {
    const [{ type, data, metadata }] = someEvents(1) as [NewEvent];
    await client.query(
      `insert into event_log.events (position, stream, revision, id, type, recorded_at, data, metadata)
       select n + 1, 'commitment-' || md5((n % $2)::text)::uuid, n / $2 + 1, gen_random_uuid(), $3,
              date_trunc('milliseconds', now()) - ($1 - n) * interval '1 millisecond', $4, $5
         from generate_series(0, $1::integer - 1) as n`,
      [events, Math.ceil(events / 10), type, JSON.stringify(data), JSON.stringify(metadata)],
    );
    await client.query('vacuum (analyze) event_log.events');
    await client.query('checkpoint');
  });
}

function sized({ quick }: BenchContext, appends: number): number {
  return quick ? 200 : appends;
}

/** About 600 bytes of data, as a focal point's update has, and the metadata that every event carries. */
function someEvents(count: number): NewEvent[] {
  return Array.from({ length: count }, () => ({
    id: randomUUID(),
    type: 'ProgressSubmitted',
    data: {
      updateId: randomUUID(), version: 1, from: '2024-01-01', to: '2024-06-30',
      narrative: {
        language: 'en',
        text: 'Training centres opened in fourteen districts; about 2,300 teachers finished the first course on the safe use of '
          + 'the network, half of them women. Two centres wait for their connection, which the operator has promised for the '
          + 'autumn. The course material is now public in three languages and was taken up by two neighbouring countries.',
      },
      observations: [{ indicator: 'UNDP.teachers-trained', value: { low: '2300', qualifier: 'about', provisional: true }, unit: 'people', asOf: '2024-06-30', source: 'agency-report' }],
    },
    metadata: {
      commandId: '6f0d3f8e-7c5b-5d0a-9a55-0c4f3f1c2b11', requestHash: 'a1b2c3d4'.repeat(8),
      actor: { id: 'fp-undp-0001', agency: 'UNDP', role: 'focal-point' },
      occurredOn: '2024-07-02', schemaVersion: 1, salt: '0f1e2d3c'.repeat(4),
    },
  }));
}
