import { isPublic, partiesOf, type CommitmentState } from '#domain/commitment/state.ts';
import type { Actor, RecordedEvent, Role } from '#domain/event.ts';
import { logOf } from '#testing/given.ts';
import { randomHistory } from '#testing/histories.ts';
import {
  amendmentProposed,
  claimed,
  correctionSubmitted,
  findingAnswered,
  findingRaised,
  otherOfSecretariat,
  progressDisputed,
  returned,
  reviewer,
  reviewerOfLead,
  submitted,
  targetProposed,
  undesa,
  undp,
} from '#testing/scenes.ts';
import type { Versions } from '#domain/commitment/versions.ts';
import { statesOf } from '../views/domain-states.fixture.ts';
import { filledReadModel, type FilledReadModel } from './filled.fixture.ts';
import type { Key } from './keyset.ts';
import { listTasks, type Task } from './list-tasks.ts';

let readModel: FilledReadModel;

beforeAll(async () => {
  readModel = await filledReadModel();
});

beforeEach(() => readModel.empty());
afterAll(() => readModel.drop());

test.each([
  ['a draft waits for the approver of its lead', submitted, [[undesa.approver, 'commitment'], [otherOfSecretariat, 'commitment'], [undp.approver], [undesa.focalPoint], [reviewer]]],
  ['a returned one for its focal points', returned, [[undesa.focalPoint, 'commitment'], [undesa.otherFocalPoint, 'commitment'], [undp.focalPoint], [undesa.approver], [otherOfSecretariat]]],
  ['an amendment', amendmentProposed, [[undesa.approver, 'amendment'], [undp.approver]]],
  ['a target', targetProposed, [[undesa.approver, 'target'], [undp.approver]]],
  ['a correction', correctionSubmitted, [[undesa.approver, 'progress-update'], [undp.approver]]],
  ['a finding waits for its answer', findingRaised, [[undesa.approver, 'finding'], [reviewer], [undp.approver]]],
  ['an answered one for reviewers who are no party', findingAnswered, [[reviewer, 'finding'], [reviewerOfLead], [undesa.approver]]],
  ['a claim too', claimed, [[reviewer, 'completion'], [reviewerOfLead], [undesa.approver]]],
  ['and a dispute', progressDisputed, [[reviewer, 'dispute'], [reviewerOfLead], [undesa.approver]]],
] as const)('%s', async (_, history, expected) => {
  await readModel.apply(logOf(history));
  for (const [actor, ...kinds] of expected) {
    const { rows } = await readModel.read((manager) => listTasks(manager, actor, { limit: 10 }));
    expect({ actor: actor.id, kinds: rows.map(({ kind }) => kind) }).toEqual({ actor: actor.id, kinds });
    for (const row of rows) expect(row).toMatchObject({ title: { text: 'E-Government Survey 2022' }, since: expect.any(String), commitmentId: expect.any(String) });
  }
});

test('after a random history everybody is told what the domain says waits for them, each once', async () => {
  const log = randomHistory(5, 700);
  await readModel.apply(log);
  let found = 0;
  for (const actor of actorsOf(log)) {
    const listed = await all((after) => readModel.read((manager) => listTasks(manager, actor, { limit: 3, after })));
    expect(listed.map(({ id }) => id).sort()).toEqual(waitingFor(actor, [...statesOf('commitment', log).values()], log).sort());
    expect(listed.map(({ since }) => since)).toEqual(listed.map(({ since }) => since).sort());
    found += listed.length;
  }
  expect(found).toBeGreaterThan(30);
});

async function all(list: (after: Key | undefined) => ReturnType<typeof listTasks>): Promise<Task[]> {
  const rows: Task[] = [];
  let key: Key | undefined;
  do {
    const next = await list(key);
    rows.push(...next.rows);
    key = next.after;
  } while (key);
  return rows;
}

/** Everybody who did anything, and one of each role of each agency. */
function actorsOf(log: readonly RecordedEvent[]): Actor[] {
  const actors = new Map(log.map(({ metadata: { actor } }) => [`${actor.id} ${actor.role} ${actor.agency}`, actor]));
  const agencies = new Set([...actors.values()].map(({ agency }) => agency));
  const roles: Role[] = ['focal-point', 'approver', 'reviewer', 'secretariat', 'administrator'];
  return [...actors.values(), ...[...agencies].flatMap((agency) => roles.map((role): Actor => ({ id: `new ${role}`, agency, role })))];
}

function waitingFor(actor: Actor, states: readonly CommitmentState[], log: readonly RecordedEvent[]): string[] {
  return states.filter(({ status }) => status !== 'discarded').flatMap((state) => {
    const isLead = state.lead === actor.agency;
    const versions = versionsOf(state);
    const of = (status: string) => versions.filter(({ last }) => last.status === status);
    switch (actor.role) {
      case 'approver': {
        const raised = Object.entries(state.findings).filter(([, { status }]) => status === 'raised');
        return isLead ? [...of('proposed').filter(({ last }) => last.author !== actor.id).map(({ id }) => id), ...raised.map(([id]) => `finding/${id}`)] : [];
      }
      case 'focal-point':
        return of('returned').filter(({ last }) => isLead || agencyOf(last.author!, log) === actor.agency).map(({ id }) => id);
      case 'secretariat':
        return of('proposed').filter(({ last }) => last.author !== actor.id).map(({ id }) => id);
      case 'reviewer': {
        if (!isPublic(state) || partiesOf(state).includes(actor.agency)) return [];
        return [
          ...(state.status === 'completion-claimed' ? [`completion/${state.id}`] : []),
          ...Object.entries(state.updates).flatMap(([id, { status }]) => (status === 'disputed' ? [`dispute/${id}`] : [])),
          ...Object.entries(state.findings).flatMap(([id, { status }]) => (status === 'answered' ? [`finding/${id}`] : [])),
        ];
      }
      case 'administrator':
        return [];
    }
  });
}

function versionsOf(state: CommitmentState) {
  const isDraft = state.status === 'submitted' || state.status === 'returned';
  const things: [string, Versions<unknown>][] = [
    [`${isDraft ? 'commitment' : 'amendment'}/${state.id}`, state.versions],
    ...Object.entries(state.targets).map(([id, { versions }]): [string, Versions<unknown>] => [`target/${id}`, versions]),
    ...Object.entries(state.updates).flatMap(([id, { status, versions }]): [string, Versions<unknown>][] => (status === 'retracted' ? [] : [[`progress-update/${id}`, versions]])),
  ];
  return things.map(([id, versions]) => ({ id, last: versions.at(-1)! }));
}

function agencyOf(author: string, log: readonly RecordedEvent[]): string {
  return log.find(({ metadata: { actor } }) => actor.id === author)!.metadata.actor.agency;
}
