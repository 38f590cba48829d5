import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../apps/cli/src/terminal.fixture.ts';
import { createApi } from '../../apps/api/src/app.ts';
import { openEventStore } from '#event-store/open-event-store.ts';
import { listen } from '#platform/http-app.ts';
import { until } from '#testing/until.ts';
import { startLedger, type Ledger } from './ledger.ts';

let ledger: Ledger;
let folder: string;
let env: Record<string, string>;

beforeEach(async () => {
  ledger = await startLedger();
  folder = mkdtempSync(join(tmpdir(), 'import-e2e-'));
  env = { API_URL: ledger.url, DATA_DIR: ledger.dataDir };
  write('01-catalogue.yaml', CATALOGUE);
  write('02-undp.yaml', RECORDS);
});

afterEach(async () => {
  rmSync(folder, { recursive: true });
  await ledger.stop();
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

const CATALOGUE = `document: Catalogue of 2021
records:
  - { key: undp, command: RegisterAgency, place: list, body: { code: UNDP, names: { en: UNDP }, kind: un-entity } }
  - { key: c4, command: DefineActionLine, place: list, body: { code: C4, titles: { en: Capacity building } } }
  - { key: c4-sdgs, command: SetSdgLinks, as: approves, place: matrix, path: { code: $c4 }, body: { matrixVersion: "2019", sdgs: [4, 17] } }
  - { key: c4-undp, command: AssignFacilitator, place: list, path: { code: $c4 }, body: { agency: $undp, role: co-facilitator, from: 2010-01-01 } }
  - { key: labs, command: DefineIndicator, place: list, body: { code: UNDP.labs, unit: labs, direction: rising, titles: { en: Labs }, sourceClass: reports, measures: result } }
`;

const RECORDS = `document: UNDP submission of October 2021
records:
  - key: labs-commitment
    command: SubmitCommitment
    place: Part Three (a)
    occurredOn: 2021-10-31
    body:
      lead: $undp
      content:
        title: { text: Accelerator Labs, language: en }
        description: { text: Run labs in many countries, language: en }
        kind: programmatic
        actionLines: [$c4]
        startOn: 2019-01-01
  - { key: registered, command: RegisterCommitment, as: approves, place: Part Three (a), path: { id: $labs-commitment } }
  - { key: started, command: StartCommitment, as: approves, place: Part Three (a), path: { id: $labs-commitment } }
  - key: update
    command: SubmitProgress
    place: Part Three (a)
    path: { id: $labs-commitment }
    body:
      content:
        from: 2021-01-01
        to: 2021-10-31
        observations: [{ indicator: UNDP.labs, value: { low: "60" }, unit: labs, asOf: 2021-10-31, source: the submission }]
  - { key: published, command: PublishProgress, as: approves, place: Part Three (a), path: { id: $labs-commitment, update: $update, version: 1 } }
`;

const ALL = { records: 10, accepted: 0, repeated: 0, refused: 0, skipped: 0, untried: 0, wrong: [] };

test('records enter in order, as transcriptions by two members of the secretariat; once more changes nothing', async () => {
  const first = await run(['import', folder], env);
  expect(first).toEqual({ exitCode: 0, out: '10 records: 10 accepted, 0 were there already, 0 refused, 0 skipped\n', err: '' });
  const log = await recorded();
  expect(log.map(({ type, metadata }) => `${type} by ${metadata.actor.id}, ${metadata.transcribedFrom?.place}`)).toEqual([
    'AgencyRegistered by cstd-secretariat-1, list', 'ActionLineDefined by cstd-secretariat-1, list', 'SdgLinksSet by cstd-secretariat-2, matrix',
    'FacilitatorAssigned by cstd-secretariat-1, list', 'IndicatorDefined by cstd-secretariat-1, list',
    'CommitmentSubmitted by cstd-secretariat-1, Part Three (a)', 'CommitmentRegistered by cstd-secretariat-2, Part Three (a)',
    'CommitmentStarted by cstd-secretariat-2, Part Three (a)', 'ProgressSubmitted by cstd-secretariat-1, Part Three (a)',
    'ProgressPublished by cstd-secretariat-2, Part Three (a)',
  ]);
  expect(log[5]!.metadata).toMatchObject({ occurredOn: '2021-10-31', transcribedFrom: { document: 'UNDP submission of October 2021' } });

  const second = await run(['import', folder, '--json'], env);
  expect({ exitCode: second.exitCode, ...JSON.parse(second.out) }).toEqual({ exitCode: 0, ...ALL, repeated: 10 });
  expect(await recorded()).toEqual(log);
});

test('bad records are told by line, field and rule; what needs them is skipped; the rest enters, and enters whole once they are mended', async () => {
  write('02-undp.yaml', RECORDS.replace('kind: programmatic', 'kind: poetic').replace('startOn: 2019', 'beginOn: 2019'));
  write('03-more.yaml', `document: Another
records:
  - { key: again, command: RegisterAgency, place: list, body: { code: UNDP, names: { en: UNDP }, kind: un-entity } }
  - { key: typo, command: RegisterAgnecy, place: list, body: {} }
  - { key: pathless, command: RenameAgency, place: list, body: { names: { en: Programme } } }
  - { key: nobody, command: RenameAgency, place: list, path: { code: WHO }, body: { names: { en: Health } } }
  - { key: review, command: RaiseFinding, place: list, path: { id: 0e7c1d5a-6f0f-4a55-8b0e-0d4f6a5f5a10 }, body: { finding: { text: x, language: en } } }
  - { key: mail, command: RegisterAgency, place: list, body: { code: WHO, names: { en: write to who@who.int }, kind: un-entity } }
  - { key: formless, command: RegisterAgency, where: list }
  - { key: whole, command: RenameAgency, place: list, path: { code: $undp }, body: { names: { en: Development Programme } } }
`);
  const { exitCode, out } = await run(['import', folder, '--json'], env);
  expect(exitCode).toBe(3);
  const { wrong, ...counts } = JSON.parse(out);
  expect(counts).toEqual({ records: 18, accepted: 6, repeated: 0, refused: 8, skipped: 4, untried: 0 });
  const place = ({ file, line, key, field, rule }: Record<string, string>) => [file!.slice(folder.length + 1), line, key, field, rule];
  expect(wrong.map(place)).toEqual([
    ['03-more.yaml', 9, 'formless', '/place', 'required'],
    ['03-more.yaml', 9, 'formless', '/where', 'unknown_field'],
    ['02-undp.yaml', 12, 'labs-commitment', '/body/content/kind', 'enum'],
    ['02-undp.yaml', 9, 'labs-commitment', '/body/content/startOn', 'required'],
    ['02-undp.yaml', 14, 'labs-commitment', '/body/content/beginOn', 'unknown_field'],
    ['02-undp.yaml', 15, 'registered', '', 'skipped'],
    ['02-undp.yaml', 16, 'started', '', 'skipped'],
    ['02-undp.yaml', 17, 'update', '', 'skipped'],
    ['02-undp.yaml', 26, 'published', '', 'skipped'],
    ['03-more.yaml', 3, 'again', '/body/code', 'AGENCY.ALREADY_REGISTERED'],
    ['03-more.yaml', 4, 'typo', '/command', 'unknown_command'],
    ['03-more.yaml', 5, 'pathless', '/path', 'required'],
    ['03-more.yaml', 6, 'nobody', '', 'AGENCY.UNKNOWN'],
    ['03-more.yaml', 7, 'review', '', 'AUTH.ROLE_DENIED'],
    ['03-more.yaml', 8, 'mail', '/body/names/en', 'email'],
  ]);
  const told = (await run(['import', folder], env)).out;
  expect(told).toContain(`${join(folder, '02-undp.yaml')}:12  labs-commitment  /body/content/kind  enum: `);
  expect(told).toContain('it needs labs-commitment, which is not there');

  rmSync(join(folder, '03-more.yaml'));
  write('02-undp.yaml', RECORDS);
  const mended = await run(['import', folder, '--json'], env);
  expect({ exitCode: mended.exitCode, ...JSON.parse(mended.out) }).toEqual({ exitCode: 0, ...ALL, accepted: 5, repeated: 5 });
});

test('a record that was changed after it entered is refused, not entered twice', async () => {
  await run(['import', folder], env);
  write('01-catalogue.yaml', CATALOGUE.replace('titles: { en: Labs }', 'titles: { en: Laboratories }'));
  const { exitCode, out } = await run(['import', folder, '--json'], env);
  expect({ exitCode, ...JSON.parse(out) }).toMatchObject({ exitCode: 3, repeated: 9, refused: 1, wrong: [{ key: 'labs', rule: 'REQUEST.KEY_REUSED' }] });
});

test('somebody else changed the record meanwhile: the import goes on from its present revision', async () => {
  write('02-undp.yaml', RECORDS.split('  - { key: started')[0]!);
  await run(['import', folder], env);
  const id = (await recorded()).find(({ type }) => type === 'CommitmentRegistered')!.stream.slice('commitment-'.length);
  const joined = await (await ledger.as('approver', 'UNDP')).post(`commitments/${id}/obstacles`, { description: { text: 'x', language: 'en' } });
  expect(joined.body.code).toBe('AUTH.ROLE_DENIED');
  const reported = await (await ledger.as('focal-point', 'UNDP')).post(`commitments/${id}/obstacles`, { description: { text: 'Demand outgrows funds', language: 'en' } });
  expect(reported.status).toBe(201);
  write('02-undp.yaml', RECORDS);
  const { exitCode, out } = await run(['import', folder, '--json'], env);
  expect({ exitCode, ...JSON.parse(out) }).toEqual({ exitCode: 0, ...ALL, accepted: 3, repeated: 7 });
});

test('a slow API is waited for; Ctrl-C meanwhile ends it, and the next import goes on where it was', async () => {
  const settings = { ...ledger.settings, RATE_LIMIT_PER_SECOND: 2 };
  const slow = await createApi(settings);
  try {
    const url = await listen(slow, settings);
    const stop = new AbortController();
    const importing = run(['import', folder, '--json', '--api', url], env, stop.signal);
    await until(async () => (await recorded()).length >= 3);
    stop.abort();
    const stopped = await importing;
    const { accepted, untried } = JSON.parse(stopped.out);
    expect({ exitCode: stopped.exitCode, sum: accepted + untried }).toEqual({ exitCode: 130, sum: 10 });
    expect(untried).toBeGreaterThan(0);

    const { exitCode, out } = await run(['import', folder, '--json', '--api', url], env);
    const { repeated, ...rest } = JSON.parse(out);
    expect({ exitCode, ...rest }).toEqual({ ...ALL, exitCode: 0, accepted: 10 - repeated, repeated: undefined });
    expect(repeated).toBeGreaterThanOrEqual(accepted);
    expect(await recorded()).toHaveLength(10);
  } finally {
    await slow.close();
  }
});

test('an API that is away, tokens that it refuses and a folder without files are told, each with its exit code', async () => {
  const away = await run(['import', folder], { ...env, API_URL: 'http://127.0.0.1:1' });
  expect(away).toEqual({ exitCode: 4, out: '', err: expect.stringContaining('http://127.0.0.1:1 can\'t be reached: fetch failed') });
  const stranger = await run(['import', folder], { ...env, LEDGER_TOKEN_ENTERS: 'made-up' });
  expect(stranger).toMatchObject({ exitCode: 2, out: '10 records: 0 accepted, 0 refused, 0 skipped, 10 not tried\n', err: expect.stringContaining('set LEDGER_TOKEN_ENTERS') });
  expect(await run(['import', join(folder, 'nowhere')], env)).toMatchObject({ exitCode: 2, err: expect.stringContaining("nowhere can't be read") });
  expect(await recorded()).toEqual([]);
});

test('given tokens are used; stopped before it began, it does nothing', async () => {
  const enters = await ledger.as('secretariat', 'UNCTAD', 'transcriber-1');
  const approves = await ledger.as('secretariat', 'UNCTAD', 'transcriber-2');
  const tokens = { LEDGER_TOKEN_ENTERS: enters.token!, LEDGER_TOKEN_APPROVES: approves.token! };
  const stopped = await run(['import', folder], { API_URL: ledger.url, ...tokens }, AbortSignal.abort());
  expect(stopped).toEqual({ exitCode: 130, out: '', err: 'stopped\n' });
  expect(await recorded()).toEqual([]);
  expect((await run(['import', folder], { API_URL: ledger.url, ...tokens })).exitCode).toBe(0);
  expect(new Set((await recorded()).map(({ metadata }) => metadata.actor.id))).toEqual(new Set(['transcriber-1', 'transcriber-2']));
});

async function recorded() {
  const store = await openEventStore(ledger.databaseUrl);
  try {
    return await store.readAll(0, 1_000);
  } finally {
    await store.close();
  }
}
