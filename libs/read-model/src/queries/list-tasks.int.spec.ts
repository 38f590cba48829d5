import { answerFinding } from '#domain/commitment/answer-finding.ts';
import { approveAmendment } from '#domain/commitment/approve-amendment.ts';
import { approveTarget } from '#domain/commitment/approve-target.ts';
import { closeFinding } from '#domain/commitment/close-finding.ts';
import { closeCommitment } from '#domain/commitment/close.ts';
import { discardCommitment } from '#domain/commitment/discard.ts';
import { joinCommitment } from '#domain/commitment/join.ts';
import { leaveCommitment } from '#domain/commitment/leave.ts';
import { proposeAmendment } from '#domain/commitment/propose-amendment.ts';
import { proposeTargetVersion } from '#domain/commitment/propose-target-version.ts';
import { publishProgress } from '#domain/commitment/publish-progress.ts';
import { registerCommitment } from '#domain/commitment/register.ts';
import { resolveDispute } from '#domain/commitment/resolve-dispute.ts';
import { resubmitCommitment } from '#domain/commitment/resubmit.ts';
import { returnTarget } from '#domain/commitment/return-target.ts';
import { partiesOf, type CommitmentState } from '#domain/commitment/state.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import { submitProgressVersion } from '#domain/commitment/submit-progress-version.ts';
import type { Version, Versions } from '#domain/commitment/versions.ts';
import { withdrawCommitment } from '#domain/commitment/withdraw.ts';
import type { Actor, RecordedEvent, Role } from '#domain/event.ts';
import { DomainError } from '#domain/refusal.ts';
import { decide, type Context, type UseCase } from '#domain/use-case.ts';
import { by, logOf, the, TODAY } from '#testing/given.ts';
import { randomHistory } from '#testing/histories.ts';
import {
  amendmentProposed,
  catalogue,
  claimed,
  content,
  correctionSubmitted,
  findingAnswered,
  findingRaised,
  otherOfSecretariat,
  progressDisputed,
  returned,
  reviewer,
  reviewerOfLead,
  secretariat,
  submitted,
  targetProposed,
  text,
  undesa,
  undp,
} from '#testing/scenes.ts';
import { statesOf } from '../views/domain-states.fixture.ts';
import { filledReadModel, type FilledReadModel } from './filled.fixture.ts';
import type { Key } from './keyset.ts';
import { listTasks, type Task } from './list-tasks.ts';

let readModel: FilledReadModel;

const id = the('commitment');
const withdrawal = by(undesa.approver, withdrawCommitment, { id, reason: text('No funds') });
const transcribedFrom = { document: 'S1', place: 'page 1' };
const transcribed = [...catalogue, by(secretariat, submitCommitment, { lead: 'UNDESA', content: content() }, { transcribedFrom })];

beforeAll(async () => {
  readModel = await filledReadModel();
});

beforeEach(() => readModel.empty());
afterAll(() => readModel.drop());

test.each([
  ['a draft waits for the approver of its lead', submitted, [[undesa.approver, 'commitment'], [otherOfSecretariat], [undp.approver], [undesa.focalPoint, 'commitment'], [undp.focalPoint], [reviewer]]],
  ['a transcribed one for the secretariat too, also for who may only discard it', transcribed, [[undesa.approver, 'commitment'], [otherOfSecretariat, 'commitment'], [secretariat, 'commitment'], [undesa.focalPoint, 'commitment']]],
  ['what waited before a withdrawal waits no more', [...targetProposed, withdrawal], [[undesa.approver], [undesa.focalPoint], [otherOfSecretariat]]],
  ['nor what was returned', [...targetProposed, by(undesa.approver, returnTarget, { id, target: the('target'), version: 1, reason: text('Why?') }), withdrawal], [[undesa.focalPoint], [undesa.approver]]],
  ['but a correction does', [...correctionSubmitted, withdrawal], [[undesa.approver, 'progress-update']]],
  ['who was a party once reviews nothing', [...claimed, by(undp.approver, joinCommitment, { id, agency: 'UNDP' }), by(undp.approver, leaveCommitment, { id, agency: 'UNDP' })], [[reviewer, 'completion'], [{ ...reviewer, agency: 'UNDP' }]]],
  ['a returned one for its focal points', returned, [[undesa.focalPoint, 'commitment'], [undesa.otherFocalPoint, 'commitment'], [undp.focalPoint], [undesa.approver], [otherOfSecretariat]]],
  ['an amendment', amendmentProposed, [[undesa.approver, 'amendment'], [undp.approver]]],
  ['a target', targetProposed, [[undesa.approver, 'target'], [undp.approver]]],
  ['a correction', correctionSubmitted, [[undesa.approver, 'progress-update'], [undp.approver]]],
  ['a finding waits for its answer', findingRaised, [[undesa.approver, 'finding'], [otherOfSecretariat, 'finding'], [reviewer], [undp.approver]]],
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
  const log = randomHistory(5, 1_200);
  await readModel.apply(log);
  let found = 0;
  for (const actor of actorsOf(log)) {
    const listed = await all((after) => readModel.read((manager) => listTasks(manager, actor, { limit: 3, after })));
    expect(listed.map(({ id }) => id).sort()).toEqual(waitingFor(actor, log).sort());
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

/** Ids of what the domain would not refuse this person for what became of the commitment or the version. */
function waitingFor(actor: Actor, log: readonly RecordedEvent[]): string[] {
  const context = contextOf(actor, log);
  return [...statesOf('commitment', log).values()].flatMap((state) => {
    const isPossible = ({ useCase, command }: Try) => !isRefusedForGood(useCase, { id: state.id, ...command }, state, context);
    return [...new Set(triesOf(actor, state, log).filter(isPossible).map(({ id }) => id))];
  });
}

/** What a person might do about something that waits. */
interface Try {
  id: string;
  useCase: UseCase;
  command: object;
}

function triesOf(actor: Actor, state: CommitmentState, log: readonly RecordedEvent[]): Try[] {
  const isLead = state.lead === actor.agency;
  const versions = versionsOf(state);
  const answers = Object.keys(state.findings).map((finding): Try => ({ id: `finding/${finding}`, useCase: answerFinding, command: { finding, answer: text('Yes') } }));
  const discard: Try = { id: `commitment/${state.id}`, useCase: discardCommitment, command: { reason: text('No') } };
  switch (actor.role) {
    case 'approver':
      return isLead ? [...versions.map(approval), ...answers] : [];
    case 'focal-point': {
      const isOwn = ({ last }: Waiting) => isLead || (partiesOf(state).includes(actor.agency) && agencyOf(last.author!, log) === actor.agency);
      return [...versions.filter(isOwn).flatMap(retry), ...(isLead ? [discard] : [])];
    }
    case 'secretariat': {
      const own = versions.filter(({ last }) => last.authorRole === 'secretariat');
      return [...own.map(approval), ...own.flatMap(retry), ...answers, ...(state.versions[0]!.authorRole === 'secretariat' ? [discard] : [])];
    }
    case 'reviewer':
      return [
        { id: `completion/${state.id}`, useCase: closeCommitment, command: { outcome: 'completed', assessment: text('Seen') } },
        ...Object.keys(state.updates).map((update): Try => ({ id: `dispute/${update}`, useCase: resolveDispute, command: { update, resolution: text('Seen') } })),
        ...Object.keys(state.findings).map((finding): Try => ({ id: `finding/${finding}`, useCase: closeFinding, command: { finding, conclusion: text('Seen') } })),
      ];
    case 'administrator':
      return [];
  }
}

interface Waiting {
  kind: string;
  subjectId: string;
  last: Version<unknown>;
}

function versionsOf(state: CommitmentState): Waiting[] {
  const isDraft = state.status === 'submitted' || state.status === 'returned';
  const things: [string, string, Versions<unknown>][] = [
    [isDraft ? 'commitment' : 'amendment', state.id, state.versions],
    ...Object.entries(state.targets).map(([id, { versions }]): [string, string, Versions<unknown>] => ['target', id, versions]),
    ...Object.entries(state.updates).map(([id, { versions }]): [string, string, Versions<unknown>] => ['progress-update', id, versions]),
  ];
  return things.map(([kind, subjectId, versions]) => ({ kind, subjectId, last: versions.at(-1)! }));
}

const APPROVALS: Record<string, UseCase> = { commitment: registerCommitment, amendment: approveAmendment, target: approveTarget, 'progress-update': publishProgress };
const RETRIES: Record<string, UseCase> = { commitment: resubmitCommitment, amendment: proposeAmendment, target: proposeTargetVersion, 'progress-update': submitProgressVersion };

function approval({ kind, subjectId, last: { version } }: Waiting): Try {
  return { id: `${kind}/${subjectId}`, useCase: APPROVALS[kind]!, command: { target: subjectId, update: subjectId, version } };
}

function retry({ kind, subjectId, last: { status, change, content } }: Waiting): Try[] {
  return status === 'returned' ? [{ id: `${kind}/${subjectId}`, useCase: RETRIES[kind]!, command: { target: subjectId, update: subjectId, change, content } }] : [];
}

/** Rules on what became of something; who is refused by others can change what they say. */
const FOR_GOOD = /^(COMMITMENT\.(STATUS|NOT_PUBLIC|NO_UPDATE_AFTER_END)|PROGRESS\.STATUS|FINDING\.STATUS|REVIEW\..*|VERSION\..*)$/;

function isRefusedForGood(useCase: UseCase, command: object, state: CommitmentState, context: Context): boolean {
  try {
    decide(useCase, command, state, context);
    return false;
  } catch (error) {
    if (error instanceof DomainError) return FOR_GOOD.test(error.code);
    throw error;
  }
}

function contextOf(actor: Actor, log: readonly RecordedEvent[]): Context {
  const [agencies, lines, indicators, commitments] = [statesOf('agency', log), statesOf('actionLine', log), statesOf('indicator', log), statesOf('commitment', log)];
  return {
    actor,
    occurredOn: TODAY,
    today: TODAY,
    transcribedFrom: actor.role === 'secretariat' ? { document: 'S1', place: 'page 1' } : undefined,
    facts: {
      agency: (code) => agencies.get(code),
      actionLine: (code) => lines.get(code),
      indicator: (code) => indicators.get(code),
      commitment: (id) => commitments.get(id),
    },
    newId: (label) => the(label, 999),
  };
}

function agencyOf(author: string, log: readonly RecordedEvent[]): string {
  return log.find(({ metadata: { actor } }) => actor.id === author)!.metadata.actor.agency;
}
