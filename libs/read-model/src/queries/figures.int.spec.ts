import { approvedOf } from '#domain/commitment/versions.ts';
import { isOverdue, partiesOf, type CommitmentState } from '#domain/commitment/state.ts';
import { paceInputsOf, paceOn, worst } from '#domain/pace.ts';
import { logOf } from '#testing/given.ts';
import { randomHistory } from '#testing/histories.ts';
import { publicCommitments } from '../views/domain-states.fixture.ts';
import { jointWork } from '../views/joint-work.fixture.ts';
import { figuresAsOf, type Figures } from './figures.ts';
import { KeptFigures } from './kept-figures.ts';
import { filledReadModel, type FilledReadModel } from './filled.fixture.ts';

let readModel: FilledReadModel;

beforeAll(async () => {
  readModel = await filledReadModel();
});

beforeEach(() => readModel.empty());
afterAll(() => readModel.drop());

const DAYS = ['2021-03-01', '2022-06-30', '2022-12-31', '2023-01-01', '2025-01-01'];

test.each([['of joint work', logOf(jointWork)], ['at random', randomHistory(3, 800)]])(
  'after a history %s figures are what the domain counts, now and as of any position, in every scope',
  async (_, log) => {
    await readModel.apply(log);
    const figures = new KeptFigures();
    const positions = [0, Math.floor(log.length / 3), Math.floor((2 * log.length) / 3), log.length];
    for (const on of DAYS) {
      const now = await readModel.read((manager) => figures.all(manager, on));
      expect(inOrder(now)).toEqual(inOrder(counted(publicCommitments(log), on)));
      for (const position of positions) {
        const then = await readModel.read((manager) => figuresAsOf(manager, position, on));
        expect(inOrder(then)).toEqual(inOrder(counted(publicCommitments(log.slice(0, position)), on)));
      }
      const total = await readModel.read((manager) => figures.of({ actionLine: '*', agency: '*' }, manager, on));
      expect(total).toEqual(now.find(({ actionLine, agency }) => actionLine === '*' && agency === '*'));
    }
  },
);

test('figures that are kept follow what changes, and forget a table that was emptied', async () => {
  const figures = new KeptFigures();
  const log = randomHistory(11, 900);
  for (const upTo of [0, 150, 151, 400, 401, 402, 600, 900]) {
    const position = await positionOf(readModel);
    await readModel.apply(log.slice(position, upTo));
    for (const on of DAYS) {
      const now = await readModel.read((manager) => figures.all(manager, on));
      expect(inOrder(now)).toEqual(inOrder(counted(publicCommitments(log.slice(0, upTo)), on)));
    }
  }
  await readModel.empty();
  expect(await readModel.read((manager) => figures.all(manager, DAYS[0]!))).toEqual([]);
});

test('a transaction that began before a change gets figures of before it, though others were told newer ones', async () => {
  const figures = new KeptFigures();
  const log = randomHistory(12, 600);
  await readModel.apply(log.slice(0, 300));
  const [on] = DAYS as [string];
  const before = await readModel.read(async (manager) => {
    await manager.query('select');
    await readModel.apply(log.slice(300));
    const after = await readModel.read((other) => figures.all(other, on));
    expect(inOrder(after)).toEqual(inOrder(counted(publicCommitments(log), on)));
    return figures.all(manager, on);
  });
  expect(inOrder(before)).toEqual(inOrder(counted(publicCommitments(log.slice(0, 300)), on)));
});

async function positionOf({ pool }: FilledReadModel): Promise<number> {
  const { rows: [lowest] } = await pool.query<{ position: number }>('select min(position) as position from read_model.checkpoints');
  return lowest!.position;
}

/** Figures of every scope, counted one commitment at a time. */
function counted(states: readonly CommitmentState[], on: string): Figures[] {
  const lines = new Set(['*', 'C7', ...states.flatMap((state) => approvedOf(state.versions)!.content.actionLines)]);
  const agencies = new Set(['*', ...states.flatMap(partiesOf)]);
  return [...lines].flatMap((actionLine) => [...agencies].flatMap((agency) => (actionLine === 'C7' && agency !== '*' ? [] : countedIn(states, actionLine, agency, on))));
}

function countedIn(all: readonly CommitmentState[], actionLine: string, agency: string, on: string): Figures[] {
  const isIn = (state: CommitmentState) =>
    (agency === '*' || partiesOf(state).includes(agency)) &&
    (actionLine === '*' || approvedOf(state.versions)!.content.actionLines.some((line) => line === actionLine || (actionLine === 'C7' && line.startsWith('C7-'))));
  const states = all.filter(isIn);
  if (states.length === 0) return [];
  return [
    {
      actionLine,
      agency,
      commitments: states.length,
      asLead: agency === '*' ? 0 : states.filter(({ lead }) => lead === agency).length,
      asPartner: agency === '*' ? 0 : states.filter(({ lead }) => lead !== agency).length,
      byStatus: countBy(states.map(({ status }) => status)),
      byPace: countBy(states.flatMap((state) => paceOf(state, on) ?? [])),
      overdue: states.filter((state) => isOverdue(state, on)).length,
      lastUpdateOn: lastUpdateOn(states, on),
      pledged: agency !== '*' && actionLine !== '*' ? [] : pledges(states.filter(({ lead }) => agency === '*' || lead === agency)),
    },
  ];
}

/** The latest of the commitments' latest updates that is not after the day. */
function lastUpdateOn(states: readonly CommitmentState[], on: string): string | null {
  const latest = states.flatMap(({ updates }) => {
    const days = Object.values(updates).flatMap(({ status, versions }) => (status === 'retracted' ? [] : (approvedOf(versions)?.decidedOn ?? [])));
    return days.sort().at(-1) ?? [];
  });
  return latest.filter((day) => day <= on).sort().at(-1) ?? null;
}

function paceOf(state: CommitmentState, on: string) {
  const inputs = Object.values(paceInputsOf(state));
  return inputs.length > 0 ? worst(inputs.map((one) => paceOn(one, on).pace)) : undefined;
}

function pledges(states: readonly CommitmentState[]) {
  const sums = new Map<string, number>();
  for (const { status, versions } of states) {
    const { pledged, partOf } = approvedOf(versions)!.content;
    if (partOf !== undefined || status === 'withdrawn' || status === 'superseded') continue;
    for (const { currency, amount } of pledged) sums.set(currency, (sums.get(currency) ?? 0) + Math.round(Number(amount) * 100));
  }
  return [...sums].map(([currency, hundredths]) => ({ currency, amount: String(hundredths / 100) })).sort((a, b) => (a.currency < b.currency ? -1 : 1));
}

function countBy<Name extends string>(names: readonly Name[]): Partial<Record<Name, number>> {
  return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length])) as Partial<Record<Name, number>>;
}

function inOrder(figures: readonly Figures[]): Figures[] {
  const key = ({ actionLine, agency }: Figures) => `${actionLine} ${agency}`;
  return figures.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
