import { paceInputsOf, paceOn } from '#domain/pace.ts';
import { randomHistory } from '#testing/histories.ts';
import type { View } from '../view.ts';
import { commitments } from '../views/commitments.ts';
import { publicCommitments } from '../views/domain-states.fixture.ts';
import { folded } from '../views/folded.fixture.ts';
import { filledReadModel, type FilledReadModel } from './filled.fixture.ts';
import type { Key, PageOf } from './keyset.ts';
import { listRecords, recordViews, type ListedRecord, type RecordKind, type RecordOrder, type RecordRows } from './list-records.ts';
import { targetObservations } from './target-observations.ts';

const log = randomHistory(11, 1_500);
const HALF = 900;
const KINDS = Object.keys(recordViews) as RecordKind[];
const DAYS = ['2021-06-30', '2022-03-15', '2023-01-01', '2024-12-31'];

let readModel: FilledReadModel;

beforeAll(async () => {
  readModel = await filledReadModel(log);
});

afterAll(() => readModel.drop());

test.each(KINDS)('%s are listed with their commitment, now and as of a position, each once', async (kind) => {
  for (const [position, upTo] of [[undefined, log.length], [HALF, HALF]] as const) {
    const ofCommitment = new Map(folded(commitments, log.slice(0, upTo)).map((row) => [row.id, row]));
    const expected = folded(recordViews[kind] as View<RecordRows[RecordKind]>, log.slice(0, upTo));
    expect(expected.length).toBeGreaterThan(1);
    for (const by of ['dueOn', 'updatedAt', 'title'] as const) {
      const listed = await all(kind, {}, '2022-01-01', { sort: { by, falling: true }, limit: 7, position });
      expect(listed.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
    }
    const listed = await all(kind, {}, '2022-01-01', { sort: { by: 'updatedAt', falling: true }, limit: 7, position });
    for (const { keyValue: _, commitmentTitle, lead, reportingIntervalDays, validFrom: __, validTo: ___, ...row } of listed as any[]) {
      expect(row).toEqual(expected.find(({ id }) => id === row.id));
      expect({ commitmentTitle, lead, reportingIntervalDays }).toEqual(pick(ofCommitment.get(row.commitmentId)!));
    }
  }
});

test('the filters are those of the commitment, statuses are the record\'s own', async () => {
  const rows = folded(commitments, log);
  const [{ lead }] = rows as [(typeof rows)[number]];
  const own = new Set(rows.filter((row) => row.lead === lead).map(({ id }) => id));
  const updates = folded(recordViews.progressUpdates as View<RecordRows['progressUpdates']>, log);
  const expected = updates.filter(({ commitmentId, status }) => own.has(commitmentId) && status === 'published');
  const listed = await all('progressUpdates', { agency: lead, as: ['lead'], statuses: ['published'] }, '2022-01-01', { sort: { by: 'updatedAt', falling: false }, limit: 50 });
  expect(expected.length).toBeGreaterThan(0);
  expect(listed.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
});

test.each(KINDS)('%s changed since an instant are those that changed themselves, not those whose commitment did', async (kind) => {
  const rows = folded(recordViews[kind] as View<RecordRows[RecordKind]>, log);
  const since = rows.map(({ updatedAt }) => updatedAt).sort()[Math.floor(rows.length / 2)]!;
  const changed = rows.filter(({ updatedAt }) => updatedAt >= since).map(({ id }) => id);
  expect(changed.length).toBeLessThan(rows.length);
  const listed = await all(kind, { updatedSince: new Date(since) }, '2022-01-01', { sort: { by: 'updatedAt', falling: false }, limit: 50 });
  expect(listed.map(({ id }) => id).sort()).toEqual(changed.sort());
});

test('the observation that counts for a target gives it the pace that the domain gives it, for any day and position', async () => {
  let observed = 0;
  for (const [position, upTo] of [[undefined, log.length], [HALF, HALF]] as const) {
    const states = publicCommitments(log.slice(0, upTo));
    for (const on of DAYS) {
      const listed = await all('targets', {}, on, { sort: { by: 'updatedAt', falling: false }, limit: 100, position });
      const observations = await readModel.read((manager) => targetObservations(manager, listed, on, position));
      observed += observations.size;
      for (const target of listed) {
        const inputs = paceInputsOf(states.find(({ id }) => id === target.commitmentId)!)[target.id]!;
        const observation = observations.get(target.id);
        expect(paceOn({ ...inputs, observations: observation ? [observation] : [] }, on)).toEqual(paceOn(inputs, on));
      }
    }
  }
  expect(observed).toBeGreaterThan(20);
});

async function all<Kind extends RecordKind>(kind: Kind, filter: Parameters<typeof listRecords>[2], on: string, page: PageOf<RecordOrder>): Promise<ListedRecord<RecordRows[Kind]>[]> {
  const rows: ListedRecord<RecordRows[Kind]>[] = [];
  let key: Key | undefined;
  do {
    const next = await readModel.read((manager) => listRecords(manager, kind, filter, on, { ...page, after: key }));
    rows.push(...next.rows);
    key = next.after;
  } while (key);
  return rows;
}

function pick({ title, lead, reportingIntervalDays }: { title: unknown; lead: string; reportingIntervalDays: number }) {
  return { commitmentTitle: title, lead, reportingIntervalDays };
}
