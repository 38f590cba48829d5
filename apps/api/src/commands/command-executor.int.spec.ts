import type { Actor } from '#domain/event.ts';
import { joinCommitment } from '#domain/commitment/join.ts';
import type { StreamName, UseCase } from '#domain/use-case.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { migrateEventLog } from '#event-store/postgres/migrate-event-log.ts';
import { Metrics } from '#platform/metrics.module.ts';
import { logOf, the } from '#testing/given.ts';
import { testDatabase, type TestDatabase } from '#testing/postgres.ts';
import { active, everything, itu, submitted, text, undesa, undp } from '#testing/scenes.ts';
import { answerToAppended, Streams, type CommandAnswer } from '../streams.ts';
import type { CommandAccess } from './command-access.ts';
import { CommandExecutor, type CommandRequest } from './command-executor.ts';
import { CommandMetrics } from './command-metrics.ts';
import { commandRoutes } from './command-routes.ts';

/** Lets others write to the log between a decision and its append, which is where a race is lost. */
class RacedStreams extends Streams {
  rival: () => Promise<unknown> = () => Promise.resolve();

  override async append(...args: Parameters<Streams['append']>): ReturnType<Streams['append']> {
    await this.rival();
    return super.append(...args);
  }
}

let database: TestDatabase;
let store: EventStore;
let streams: RacedStreams;
let metrics: Metrics;
let executor: CommandExecutor;
/** Another process of the API. */
let other: CommandExecutor;

beforeEach(async () => {
  database = await testDatabase();
  await migrateEventLog(database.url);
  store = await openEventStore(database.url);
  streams = new RacedStreams(store);
  metrics = new Metrics();
  executor = new CommandExecutor(streams, new CommandMetrics(metrics));
  other = new CommandExecutor(new Streams(store), new CommandMetrics(new Metrics()));
});

afterEach(async () => {
  metrics.registry.clear();
  await store.close();
  await database.drop();
});

const id = the('commitment');
const commitment = `commitment-${id}`;
const obstacle = { description: text('Demand outgrows funds') };

describe('a race', () => {
  test('an additive command is decided again when somebody was quicker', async () => {
    const revision = await record(active);
    streams.rival = once(() => give('ReportObstacle', undesa.otherFocalPoint, obstacle, { key: 'rival', by: other }));
    const answer = await give('ReportObstacle', undesa.focalPoint, obstacle, { key: 'mine' });
    expect(answer).toMatchObject({ revision: revision + 2, status: 'reported' });
    expect(await types(revision)).toEqual(['ObstacleReported', 'ObstacleReported']);
  });

  test('it is decided on what is there then, not just appended again', async () => {
    const revision = await record(active);
    streams.rival = once(() => give('JoinCommitment', undp.approver, { agency: 'UNDP' }, { key: 'rival', by: other }));
    await expect(give('JoinCommitment', { ...undp.approver, id: 'undp-approver-2' }, { agency: 'UNDP' }, { key: 'mine' })).rejects.toMatchObject({ code: 'PARTNER.ALREADY_JOINED' });
    expect(await types(revision)).toEqual(['PartnerJoined']);
  });

  test('where the decision rests on what was read, it is the caller who has to look again', async () => {
    const revision = await record(active);
    streams.rival = once(() => give('ReportObstacle', undesa.focalPoint, obstacle, { key: 'rival', by: other }));
    await expect(give('SuspendCommitment', undesa.approver, { reason: text('No funds') }, { ifMatch: revision })).rejects.toMatchObject({
      status: 412,
      code: 'REQUEST.STALE_REVISION',
      headers: { etag: `"${revision + 1}"` },
    });
    expect(await types(revision)).toEqual(['ObstacleReported']);
  });

  test('who loses again and again is told so, after six decisions', async () => {
    const revision = await record(active);
    let lost = 0;
    streams.rival = () => give('ReportObstacle', undesa.focalPoint, obstacle, { key: `rival ${++lost}`, by: other });
    await expect(give('ReportObstacle', undesa.focalPoint, { description: text('Mine') })).rejects.toMatchObject({ status: 409, code: 'COMMAND.CONTENDED', headers: { 'retry-after': '1' } });
    expect(lost).toBe(6);
    expect(await types(revision)).toEqual(Array(6).fill('ObstacleReported'));
    expect(await count('ledger_append_duration_seconds_count')).toBe(6);
    expect(await count('ledger_commands_total', { command: 'ReportObstacle', outcome: 'COMMAND.CONTENDED' })).toBe(1);
  });

  test('within one process commands to one stream take turns: none is told to try again', async () => {
    const revision = await record(active);
    const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => give('ReportObstacle', undesa.focalPoint, obstacle, { key: `obstacle ${n}` })));
    expect(answers.map((answer) => answer.revision).sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => revision + 1 + n));
    expect(await count('ledger_append_duration_seconds_count')).toBe(60);
  });

  test('the same command at once, to two processes, has one effect and one answer', async () => {
    const revision = await record(active);
    const answers: CommandAnswer[] = [];
    streams.rival = once(async () => answers.push(await give('ReportObstacle', undesa.focalPoint, obstacle, { key: 'same', by: other })));
    answers.push(await give('ReportObstacle', undesa.focalPoint, obstacle, { key: 'same' }));
    expect(answers[0]).toEqual(answers[1]);
    expect(await types(revision)).toEqual(['ObstacleReported']);
  });
});

describe('a repeat', () => {
  test('gets its first answer before If-Match is looked at, though others wrote since', async () => {
    const revision = await record(active);
    const suspend = (ifMatch?: number) => give('SuspendCommitment', undesa.approver, { reason: text('No funds') }, { key: 'suspend', ifMatch });
    const first = await suspend(revision);
    await give('ReportObstacle', undesa.focalPoint, obstacle);
    expect([await suspend(revision), await suspend(99), await suspend()]).toEqual([first, first, first]);
    expect(await types(revision)).toEqual(['CommitmentSuspended', 'ObstacleReported']);
  });

  test('is told by what was sent: a default that is added later does not make another request of it', async () => {
    await record(active);
    const first = await give('ReportObstacle', undesa.focalPoint, obstacle, { key: 'same' });
    const withDefault = { ...requestOf('ReportObstacle', undesa.focalPoint, obstacle, { key: 'same' }), body: { ...obstacle, severity: 'unknown' } };
    expect(await run('ReportObstacle', withDefault)).toEqual(first);
  });

  test('of one key with another body is refused, and another actor may use the same key', async () => {
    await record(active);
    await give('ReportObstacle', undesa.focalPoint, obstacle, { key: 'same' });
    await expect(give('ReportObstacle', undesa.focalPoint, { description: text('Another') }, { key: 'same' })).rejects.toMatchObject({ status: 422, code: 'REQUEST.KEY_REUSED' });
    expect((await give('ReportObstacle', undesa.otherFocalPoint, { description: text('Another') }, { key: 'same' })).status).toBe('reported');
  });

  test('of what was refused is decided anew', async () => {
    const revision = await record(submitted);
    const join = () => give('JoinCommitment', undesa.approver, { agency: 'UNDESA' }, { key: 'same' });
    await expect(join()).rejects.toMatchObject({ code: 'COMMITMENT.NOT_PUBLIC' });
    await give('RegisterCommitment', undesa.approver, {}, { ifMatch: revision });
    await expect(join()).rejects.toMatchObject({ code: 'PARTNER.IS_LEAD' });
  });
});

test('the first answer, which is made without reading the log again, is the one that the log gives to a repeat', async () => {
  await record(everything);
  const log = await store.readAll(0, 1_000);
  for (const event of log) {
    const stream = event.stream as StreamName;
    const before = await streams.asOf(stream, event.position - 1);
    const remembered = (await streams.asOf(stream, event.position)).commands.get(event.metadata.commandId);
    expect([event.type, answerToAppended(stream, before, event, event)]).toEqual([event.type, remembered?.answer]);
  }
});

describe('If-Match', () => {
  test('is required where the decision rests on what was read, and must be the present revision', async () => {
    const revision = await record(active);
    const suspend = (ifMatch?: number) => give('SuspendCommitment', undesa.approver, { reason: text('No funds') }, { ifMatch });
    await expect(suspend()).rejects.toMatchObject({ status: 428, code: 'REQUEST.IF_MATCH_MISSING' });
    await expect(suspend(revision - 1)).rejects.toMatchObject({ status: 412, headers: { etag: `"${revision}"` } });
    expect(await suspend(revision)).toMatchObject({ revision: revision + 1, status: 'suspended' });
  });

  test('is heeded where it may be left out', async () => {
    const revision = await record(active);
    await expect(give('ReportObstacle', undesa.focalPoint, obstacle, { ifMatch: revision - 1 })).rejects.toMatchObject({ status: 412 });
  });
});

describe('somebody’s draft', () => {
  test.each<[string, Actor, object, object]>([
    ['JoinCommitment', itu.approver, { agency: 'ITU' }, {}],
    ['LeaveCommitment', itu.approver, {}, { agency: 'ITU' }],
    ['RegisterCommitment', itu.approver, {}, {}],
    ['SubmitProgress', itu.focalPoint, { content: { from: '2021-01-01', to: '2021-12-31', notAssessed: text('No data') } }, {}],
  ])('%s finds nothing there, as if it had never been', async (name, actor, body, path) => {
    const revision = await record(submitted);
    const unknown = { status: 404, code: 'COMMITMENT.UNKNOWN', detail: 'there is no such commitment' };
    for (const ifMatch of [undefined, revision, 99]) {
      await expect(give(name, actor, body, { path, ifMatch })).rejects.toMatchObject(unknown);
      await expect(give(name, actor, body, { path: { ...path, id: the('commitment', 9) }, ifMatch })).rejects.toMatchObject(unknown);
    }
  });
});

describe('what newer software wrote', () => {
  test.each([
    ['a type in the record itself', commitment, { type: 'FromTheFuture' }],
    ['a type in a record that the decision rests on', 'agency-UNDP', { type: 'FromTheFuture' }],
    ['a version in the record itself', commitment, { schemaVersion: 2 }],
  ])('%s is no reason to guess: 503', async (_where, stream, { type, schemaVersion }: { type?: string; schemaVersion?: number }) => {
    await record(active);
    const [any] = await store.readStream(stream, { limit: 1 });
    await store.append(stream, 'any', [
      { ...any!, id: crypto.randomUUID(), type: type ?? any!.type, metadata: { ...any!.metadata, schemaVersion: schemaVersion ?? 1 } },
    ]);
    await expect(give('JoinCommitment', undp.approver, { agency: 'UNDP' })).rejects.toMatchObject({ status: 503, code: 'EVENT.TYPE_UNKNOWN', headers: { 'retry-after': '10' } });
  });
});

describe('facts', () => {
  const joinResting = (needs: readonly string[]) => ({ ...joinCommitment, needs: () => needs }) as unknown as UseCase;
  const agencies = (many: number) => Array.from({ length: many }, (_, index) => (index === 0 ? 'agency-UNDP' : `agency-A${index}`));
  const join = (needs: readonly string[]) => executor.run(joinResting(needs), { by: 'approver' }, requestOf('JoinCommitment', undp.approver, { agency: 'UNDP' }));

  test('are 300 at most', async () => {
    await record(active);
    await expect(join(agencies(301))).rejects.toMatchObject({ status: 422, code: 'REQUEST.INVALID' });
    expect(await join(agencies(300))).toMatchObject({ status: 'active' });
  });

  test('are those that were asked for', async () => {
    await record(active);
    await expect(join([])).rejects.toThrow('the fact agency-UNDP was not asked for');
    expect(await count('ledger_commands_total', { command: 'JoinCommitment', outcome: 'failed' })).toBe(1);
  });
});

test('commands are counted by outcome: accepted, the rule that refused them, or the log’s own code', async () => {
  const revision = await record(active);
  await expect(give('StartCommitment', undesa.approver, {}, { ifMatch: revision })).rejects.toThrow();
  await give('ReportObstacle', undesa.focalPoint, obstacle);
  streams.rival = () => store.close();
  await expect(give('ReportObstacle', undesa.focalPoint, obstacle)).rejects.toMatchObject({ code: 'EVENT_STORE.UNAVAILABLE' });
  expect(await count('ledger_commands_total', { command: 'ReportObstacle', outcome: 'accepted' })).toBe(1);
  expect(await count('ledger_commands_total', { command: 'StartCommitment', outcome: 'COMMITMENT.STATUS' })).toBe(1);
  expect(await count('ledger_commands_total', { command: 'ReportObstacle', outcome: 'EVENT_STORE.UNAVAILABLE' })).toBe(1);
  expect(await count('ledger_append_duration_seconds_count')).toBe(2);
});

interface Sent {
  key?: string;
  ifMatch?: number | undefined;
  /** Path parameters beside the commitment's id. */
  path?: object;
  by?: CommandExecutor;
}

/** Gives a command as its route would, to the commitment of the scenes unless the path names another. */
function give(name: string, actor: Actor, body: object, sent: Sent = {}): Promise<CommandAnswer> {
  return run(name, requestOf(name, actor, body, sent), sent.by);
}

function run(name: string, request: CommandRequest, by = executor): Promise<CommandAnswer> {
  const { useCase, access } = routeOf(name);
  return by.run(useCase, access, request);
}

function requestOf(name: string, actor: Actor, body: object, { key = crypto.randomUUID(), ifMatch, path = {} }: Sent = {}): CommandRequest {
  const sent = { path: { id, ...path }, body };
  return { sent, path: sent.path, body: routeOf(name).useCase.body.parse(body), actor, idempotencyKey: key, ifMatch };
}

function routeOf(name: string): { useCase: UseCase; access: CommandAccess } {
  return commandRoutes.find(({ useCase }) => useCase.name === name)!;
}

/** Writes a scene to the log. @returns the revision of its commitment */
async function record(scene: Parameters<typeof logOf>[0]): Promise<number> {
  for (const { stream, revision, ...event } of logOf(scene)) await store.append(stream, revision - 1, [event]);
  return (await store.readStream(commitment)).length;
}

async function types(afterRevision: number): Promise<string[]> {
  return (await store.readStream(commitment, { afterRevision })).map(({ type }) => type);
}

function once(run: () => Promise<unknown>): () => Promise<unknown> {
  let ran = false;
  return async () => {
    if (ran) return;
    ran = true;
    await run();
  };
}

/** A figure as it is scraped; `labels` in the order in which the metric names them. */
async function count(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const written = Object.entries(labels).map(([label, value]) => `${label}="${value}"`).join(',');
  const line = (await metrics.registry.metrics()).split('\n').find((one) => one.startsWith(written ? `${name}{${written}} ` : `${name} `));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
}
