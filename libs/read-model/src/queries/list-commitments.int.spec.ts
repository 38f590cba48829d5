import fc from 'fast-check';
import type { CommitmentStatus } from '#domain/commitment/state.ts';
import { paces } from '#domain/pace.ts';
import { randomHistory } from '#testing/histories.ts';
import { commitments, type CommitmentRow } from '../views/commitments.ts';
import { milestones } from '../views/milestones.ts';
import { folded } from '../views/folded.fixture.ts';
import type { CommitmentFilter } from './commitment-filter.ts';
import { filledReadModel, type FilledReadModel } from './filled.fixture.ts';
import type { Key, PageOf, Sort } from './keyset.ts';
import { listCommitments, type CommitmentOrder, type ListedCommitment } from './list-commitments.ts';

const log = randomHistory(7, 1_500);
const HALF = 700;
/** A life that goes on while others read: the first part is there, the second comes in between. */
const before = folded(commitments, log.slice(0, HALF));
const after = folded(commitments, log);

const anyOf = <T>(values: readonly T[]) => fc.subarray([...new Set(values)] as T[], { minLength: 1 });
const anyWholeFilter: fc.Arbitrary<CommitmentFilter> = fc.record({
  actionLine: anyOf([...after.flatMap((row) => row.actionLines), 'C7', 'C11']),
  agency: fc.constantFrom(...after.map((row) => row.lead), 'nobody'),
  as: anyOf(['lead', 'partner'] as const),
  status: anyOf(after.map((row) => row.status)),
  kind: anyOf(after.map((row) => row.kind)),
  sdg: fc.integer({ min: 1, max: 17 }),
  country: fc.constantFrom(...after.flatMap((row) => row.countries), 'XX'),
  pace: anyOf(paces),
  overdue: fc.boolean(),
  q: fc.constantFrom(...after.map((row) => row.titleText.split(' ').slice(0, 2).join(' ').toUpperCase()), '100% _'),
  updatedSince: fc.constantFrom(...after.map((row) => new Date(row.updatedAt))),
});
const FIELDS = ['actionLine', 'agency', 'as', 'status', 'kind', 'sdg', 'country', 'pace', 'overdue', 'q', 'updatedSince'] as const;
/** Two fields at most: more would leave nothing to list. */
const anyFilter = fc
  .tuple(anyWholeFilter, fc.shuffledSubarray([...FIELDS], { maxLength: 2 }))
  .map(([filter, fields]): CommitmentFilter => Object.fromEntries(fields.map((field) => [field, filter[field]])));
const anyDay = fc.constantFrom('2021-03-01', '2022-01-01', '2022-12-31', '2023-01-01', '2024-06-30');
const anySort: fc.Arbitrary<Sort<CommitmentOrder>> = fc.record({ by: fc.constantFrom('dueOn', 'updatedAt', 'title'), falling: fc.boolean() });

let readModel: FilledReadModel;

beforeAll(async () => {
  readModel = await filledReadModel(log.slice(0, HALF));
});

afterAll(() => readModel.drop());

test('each filter, in each order, lists what a plain loop over the rows finds, page by page', async () => {
  await listsWhatIsThere(before, undefined);
});

test('pages hold on to a position while the log goes on; then lists as of it are the same', async () => {
  const page = { sort: { by: 'updatedAt', falling: false }, limit: 3, position: HALF } as const;
  const first = await list({}, '2022-01-01', { ...page, position: undefined });
  await readModel.apply(log.slice(HALF));
  const seen = [...first.rows];
  for (let key = first.after; key; ) {
    const next = await list({}, '2022-01-01', { ...page, after: key });
    seen.push(...next.rows);
    key = next.after;
  }
  expect(seen.map((row) => row.id)).toEqual(inOrder(before, page.sort).map((row) => row.id));
  // Had it not held on, what changed meanwhile would have come again.
  expect(inOrder(after, page.sort).map((row) => row.id)).not.toEqual(seen.map((row) => row.id));

  await listsWhatIsThere(before, HALF);
  await listsWhatIsThere(after, undefined);
});

test('a row tells what everyone may see of the commitment, with pace and lateness on the day', async () => {
  const { rows } = await list({ overdue: true }, '2024-06-30', { sort: { by: 'title', falling: false }, limit: 100 });
  expect(rows.length).toBeGreaterThan(0);
  for (const { keyValue, paceOnDay, overdue, milestones: planned, ...row } of rows) {
    const whole = after.find(({ id }) => id === row.id)!;
    expect(row).toEqual(Object.fromEntries(Object.keys(row).map((column) => [column, whole[column as keyof CommitmentRow]])));
    expect({ keyValue, paceOnDay, overdue }).toEqual({ keyValue: whole.titleText, paceOnDay: paceOf(whole, '2024-06-30'), overdue: true });
  }
});

test('a row has the milestones of its commitment, now and as of a position', async () => {
  for (const [position, upTo] of [[undefined, log.length], [HALF, HALF]] as const) {
    const planned = new Map(folded(milestones, log.slice(0, upTo)).map((row) => [row.id, row.milestones]));
    const rows = await all({}, '2022-01-01', { sort: { by: 'title', falling: false }, limit: 20, position });
    for (const row of rows) expect(row.milestones).toEqual(planned.get(row.id));
    expect(rows.flatMap((row) => row.milestones).filter(({ reachedOn }) => reachedOn !== null).length).toBeGreaterThan(0);
  }
});

async function listsWhatIsThere(rows: readonly CommitmentRow[], position: number | undefined): Promise<void> {
  let found = 0;
  await fc.assert(
    fc.asyncProperty(anyFilter, anyDay, anySort, fc.integer({ min: 1, max: 20 }), async (filter, on, sort, limit) => {
      const expected = inOrder(rows.filter((row) => fits(row, filter, on)), sort);
      const listed = await all(filter, on, { sort, limit, position });
      found += expected.length;
      if (sort.by === 'title') expect(listed.map((row) => row.id)).toEqual(await inOrderOfTitles(expected, sort.falling));
      else expect(listed.map((row) => row.id)).toEqual(expected.map((row) => row.id));
    }),
    { numRuns: 80 },
  );
  expect(found).toBeGreaterThan(100);
}

function list(filter: CommitmentFilter, on: string, page: PageOf<CommitmentOrder>) {
  return readModel.read((manager) => listCommitments(manager, filter, on, page));
}

async function all(filter: CommitmentFilter, on: string, page: PageOf<CommitmentOrder>): Promise<ListedCommitment[]> {
  const rows: ListedCommitment[] = [];
  let key: Key | undefined;
  do {
    const next = await list(filter, on, { ...page, after: key });
    expect(next.rows.length).toBeLessThanOrEqual(page.limit);
    rows.push(...next.rows);
    key = next.after;
  } while (key);
  return rows;
}

function fits(row: CommitmentRow, filter: CommitmentFilter, on: string): boolean {
  const as = filter.as ?? ['lead', 'partner'];
  const lines = filter.actionLine?.flatMap((code) => (code === 'C7' ? row.actionLines.filter((line) => line.startsWith('C7-')) : [code]));
  return (
    (!lines || lines.some((line) => row.actionLines.includes(line))) &&
    (!filter.agency || (as.includes('lead') && row.lead === filter.agency) || (as.includes('partner') && row.partners.includes(filter.agency))) &&
    (!filter.status || (filter.status as CommitmentStatus[]).includes(row.status)) &&
    (!filter.kind || filter.kind.includes(row.kind)) &&
    (!filter.sdg || row.sdgs.includes(filter.sdg)) &&
    (!filter.country || row.countries.includes(filter.country)) &&
    (!filter.pace || filter.pace.includes(paceOf(row, on)!)) &&
    (filter.overdue === undefined || filter.overdue === isOverdue(row, on)) &&
    (!filter.q || filter.q.toLowerCase().split(' ').every((word) => `${row.titleText} ${row.description.text}`.toLowerCase().includes(word))) &&
    (!filter.updatedSince || row.updatedAt >= filter.updatedSince.toISOString())
  );
}

function paceOf({ pace, paceFrom }: CommitmentRow, on: string) {
  return pace[paceFrom.findLastIndex((from) => from <= on)] ?? null;
}

function isOverdue({ dueOn, overdueUntil }: CommitmentRow, on: string): boolean {
  return dueOn !== null && dueOn < on && (overdueUntil === null || on < overdueUntil);
}

function inOrder(rows: readonly CommitmentRow[], { by, falling }: Sort<CommitmentOrder>): CommitmentRow[] {
  const value = (row: CommitmentRow) => (by === 'dueOn' ? (row.dueOn ?? '9999-12-31') : by === 'updatedAt' ? row.updatedPosition : '');
  const order = (a: CommitmentRow, b: CommitmentRow) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : a.id < b.id ? -1 : 1);
  return rows.toSorted((a, b) => (falling ? order(b, a) : order(a, b)));
}

/** As the database collates. */
async function inOrderOfTitles(rows: readonly CommitmentRow[], falling: boolean): Promise<string[]> {
  const direction = falling ? 'desc' : 'asc';
  const { rows: ordered } = await readModel.pool.query<{ id: string }>(
    `select id from json_to_recordset($1) as row(id text, title text) order by title ${direction}, id ${direction}`,
    [JSON.stringify(rows.map(({ id, titleText }) => ({ id, title: titleText })))],
  );
  return ordered.map(({ id }) => id);
}
