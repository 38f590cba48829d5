import fc from 'fast-check';
import { addDays } from '#domain/calendar.ts';
import { assignFacilitator } from '#domain/action-line/assign-facilitator.ts';
import { defineActionLine } from '#domain/action-line/define.ts';
import { relieveFacilitator } from '#domain/action-line/relieve-facilitator.ts';
import { retitleActionLine } from '#domain/action-line/retitle.ts';
import { setSdgLinks } from '#domain/action-line/set-sdg-links.ts';
import { registerAgency } from '#domain/agency/register.ts';
import { renameAgency } from '#domain/agency/rename.ts';
import { answerFinding } from '#domain/commitment/answer-finding.ts';
import { approveAmendment } from '#domain/commitment/approve-amendment.ts';
import { approveTarget } from '#domain/commitment/approve-target.ts';
import { attachEvidence } from '#domain/commitment/attach-evidence.ts';
import { claimCompletion } from '#domain/commitment/claim-completion.ts';
import { closeFinding } from '#domain/commitment/close-finding.ts';
import { closeCommitment } from '#domain/commitment/close.ts';
import { declineCompletion } from '#domain/commitment/decline-completion.ts';
import { discardCommitment } from '#domain/commitment/discard.ts';
import { disputeProgress } from '#domain/commitment/dispute-progress.ts';
import { flagEvidence } from '#domain/commitment/flag-evidence.ts';
import { joinCommitment } from '#domain/commitment/join.ts';
import { leaveCommitment } from '#domain/commitment/leave.ts';
import { proposeAmendment } from '#domain/commitment/propose-amendment.ts';
import { proposeTargetVersion } from '#domain/commitment/propose-target-version.ts';
import { proposeTarget } from '#domain/commitment/propose-target.ts';
import { publishProgress } from '#domain/commitment/publish-progress.ts';
import { raiseFinding } from '#domain/commitment/raise-finding.ts';
import { reachMilestone } from '#domain/commitment/reach-milestone.ts';
import { registerCommitment } from '#domain/commitment/register.ts';
import { reportObstacle } from '#domain/commitment/report-obstacle.ts';
import { resolveDispute } from '#domain/commitment/resolve-dispute.ts';
import { resolveObstacle } from '#domain/commitment/resolve-obstacle.ts';
import { resubmitCommitment } from '#domain/commitment/resubmit.ts';
import { resumeCommitment } from '#domain/commitment/resume.ts';
import { retractProgress } from '#domain/commitment/retract-progress.ts';
import { returnAmendment } from '#domain/commitment/return-amendment.ts';
import { returnProgress } from '#domain/commitment/return-progress.ts';
import { returnTarget } from '#domain/commitment/return-target.ts';
import { returnCommitment } from '#domain/commitment/return.ts';
import { startCommitment } from '#domain/commitment/start.ts';
import { isPublic, partiesOf, partnersOf, type CommitmentState } from '#domain/commitment/state.ts';
import { submitProgressVersion } from '#domain/commitment/submit-progress-version.ts';
import { submitProgress } from '#domain/commitment/submit-progress.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import { supersedeCommitment } from '#domain/commitment/supersede.ts';
import { suspendCommitment } from '#domain/commitment/suspend.ts';
import { verifyProgress } from '#domain/commitment/verify-progress.ts';
import { approvedOf, pendingOf, type Versions } from '#domain/commitment/versions.ts';
import { withdrawCommitment } from '#domain/commitment/withdraw.ts';
import type { Actor, RecordedEvent, Role } from '#domain/event.ts';
import { defineIndicator } from '#domain/indicator/define.ts';
import { reviseIndicator } from '#domain/indicator/revise.ts';
import { DomainError } from '#domain/refusal.ts';
import type { UseCase } from '#domain/use-case.ts';
import { Dice } from './dice.ts';
import { LedgerInMemory, type SentCommand } from './ledger-in-memory.ts';

/**
 * The log of a random life: `events` events of a random small catalogue and of commitments in every status, with
 * targets, updates, corrections, disputes, partners, parts of wholes, transcriptions, all accepted by the domain.
 * The same seed gives the same log. `days` is about how much time passes from the first event, on 2021-01-04, to the last.
 */
export function randomHistory(seed: number, events: number, { days = 1200 } = {}): RecordedEvent[] {
  const stepMs = (days * DAY_MS) / events;
  const life = new Life(seed, stepMs);
  for (let step = 1; life.ledger.log.length < events; step++) {
    if (step > 20 * events + 1000) throw new Error(`seed ${seed}: only ${life.ledger.log.length} of ${events} events after ${step} steps`);
    life.live(Math.imul(seed + 1, 0x9e3779b1) ^ step);
  }
  return life.ledger.log.slice(0, events);
}

/** What came of one random step. */
export interface LivedStep {
  sent: SentCommand;
  /** Recorded when it was accepted; empty when it was refused. */
  events: RecordedEvent[];
  refusal?: DomainError;
}

/** Seeds of steps: fast-check shrinks a failing life by leaving steps out. */
export function anyLife(maxSteps: number): fc.Arbitrary<number[]> {
  return fc.array(fc.nat(), { minLength: 1, maxLength: maxSteps, size: 'max' });
}

/** Lives the steps one after the other; the first seed makes the catalogue. `watch` sees each step and the ledger after it. */
export function playLife(seeds: readonly number[], watch: (step: LivedStep, ledger: LedgerInMemory) => void): LedgerInMemory {
  const life = new Life(seeds[0]!, 2 * DAY_MS);
  for (const seed of seeds.slice(1)) {
    const step = life.live(seed);
    if (step) watch(step, life.ledger);
  }
  return life.ledger;
}

const DAY_MS = 86_400_000;

class Life {
  readonly ledger = new LedgerInMemory();
  readonly #stepMs: number;
  #nowMs = Date.parse('2021-01-04T08:00:00.000Z');
  #steps = 0;

  constructor(seed: number, stepMs: number) {
    this.#stepMs = stepMs;
    for (const attempt of catalogue(new Dice(seed))) this.ledger.run(this.#sent(attempt));
  }

  /** Undefined where nobody thought of anything to do. */
  live(seed: number): LivedStep | undefined {
    const dice = new Dice(seed);
    const before = this.#nowMs;
    this.#nowMs += Math.floor(dice.next() * 2 * this.#stepMs);
    const attempt = somethingToDo({ dice, ledger: this.ledger, today: this.#now().slice(0, 10) });
    const step = attempt && this.#try(inCircumstances(attempt, dice, this.#now().slice(0, 10)));
    if (!step || step.refusal) this.#nowMs = before;
    return step;
  }

  #try(attempt: Attempt): LivedStep {
    const sent = this.#sent(attempt);
    try {
      return { sent, events: this.ledger.run(sent) };
    } catch (error) {
      if (error instanceof DomainError) return { sent, events: [], refusal: error };
      throw error;
    }
  }

  #sent(attempt: Attempt): SentCommand {
    return { ...attempt, at: this.#now(), key: `step ${++this.#steps}` };
  }

  #now(): string {
    return new Date(this.#nowMs).toISOString();
  }
}

type Attempt = Omit<SentCommand, 'at' | 'key' | 'newId'>;

interface World {
  dice: Dice;
  ledger: LedgerInMemory;
  today: string;
}

const AGENCIES = ['UNDESA', 'UNDP', 'ITU', 'UNESCO', 'FAO', 'WHO', 'UNEP', 'UN-Habitat'];
const LINES = ['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7-eGov', 'C7-eHea', 'C7-eLea', 'C7-eAgr', 'C8', 'C9', 'C10', 'C11'];
const DOCUMENTS = ['Submission to CSTD-25', 'Submission to CSTD-26', 'Event summary'];
const PHRASES = ['More time is needed', 'Demand outgrows investment', 'A first step was made', 'Données révisées', '数据已更新', 'As agreed in Geneva\nand in Katowice', 'The figure was misread'];
const ADMINISTRATOR: Actor = { id: 'administrator-1', agency: 'UNCTAD', role: 'administrator' };

/** Mostly today and in one's own name; sometimes earlier, or transcribed by the secretariat. */
function inCircumstances(attempt: Attempt, dice: Dice, today: string): Attempt {
  const { role } = attempt.actor;
  const occurredOn = dice.pick([...times(6, undefined), addDays(today, -dice.int(0, 120)), addDays(today, dice.int(-30, 1))]);
  if ((role !== 'focal-point' && role !== 'approver') || dice.chance(0.88)) return { ...attempt, occurredOn };
  return {
    ...attempt,
    occurredOn,
    actor: { id: `secretariat-${dice.int(1, 3)}`, agency: 'UNCTAD', role: 'secretariat' },
    transcribedFrom: { document: dice.pick(DOCUMENTS), place: `section ${dice.int(1, 9)}` },
  };
}

function catalogue(dice: Dice): Attempt[] {
  const agencies = dice.some(AGENCIES, dice.int(3, AGENCIES.length));
  const lines = dice.some(LINES, dice.int(4, LINES.length));
  const administer = (useCase: UseCase, command: object): Attempt => ({ actor: ADMINISTRATOR, useCase, command });
  return [
    ...agencies.map((code) => administer(registerAgency, { code, names: { en: `Agency ${code}` }, kind: dice.pick(['un-entity', 'un-entity', 'other']) })),
    ...lines.map((code) => administer(defineActionLine, { code, titles: { en: `Line ${code}` } })),
    ...lines.filter(() => dice.chance(0.8)).map((code) => administer(setSdgLinks, { code, matrixVersion: '2019', sdgs: dice.some(SDGS, dice.int(1, 9)) })),
    ...lines.filter(() => dice.chance(0.8)).map((code) => administer(assignFacilitator, { code, agency: dice.pick(agencies), role: 'lead', from: '2006-02-24' })),
    ...['labs', 'countries', 'percent', 'offline', 'people'].map((code) => administer(defineIndicator, indicatorOf(dice, code))),
  ];
}

const SDGS = Array.from({ length: 17 }, (_, index) => index + 1);

function indicatorOf(dice: Dice, code: string): object {
  const share = code === 'percent' || code === 'offline';
  return {
    code: `X.${code}`,
    unit: share ? 'percent' : code,
    direction: code === 'offline' ? 'falling' : 'rising',
    titles: { en: `Indicator ${code}` },
    ...(share || dice.chance(0.3) ? { min: '0', max: '100' } : {}),
    sourceClass: 'survey',
    measures: code === 'people' ? 'context' : 'result',
  };
}

/** Mostly what somebody would do next, sometimes what nobody may. */
function somethingToDo(world: World): Attempt | undefined {
  const { dice, ledger } = world;
  const commitments = ledger.idsOf('commitment');
  if (commitments.length === 0 || dice.chance(1 / (4 + commitments.length / 2))) return submission(world);
  if (dice.chance(0.02)) return catalogueChange(world);
  const some = times(3, null).map(() => ledger.stateOf('commitment', dice.pick(commitments))!);
  const commitment = some.find(({ status }) => LIVING.includes(status)) ?? some[0]!;
  if (!isPublic(commitment)) return dice.chance(0.9) ? lifeCycleStep(world, commitment) : commitmentStep(world, commitment);
  return dice.chance(commitment.status === 'registered' ? 0.4 : 0.1) ? lifeCycleStep(world, commitment) : commitmentStep(world, commitment);
}

const LIVING: readonly CommitmentState['status'][] = ['submitted', 'returned', 'registered', 'active', 'suspended', 'completion-claimed'];

function submission(world: World): Attempt {
  const lead = world.dice.pick(world.ledger.idsOf('agency'));
  return { actor: person(world.dice, lead, 'focal-point'), useCase: submitCommitment, command: { lead, content: contentOf(world) } };
}

function catalogueChange({ dice, ledger, today }: World): Attempt {
  const agency = dice.pick(ledger.idsOf('agency'));
  const code = dice.pick(ledger.idsOf('actionLine'));
  const indicator = dice.pick(ledger.idsOf('indicator'));
  const role = dice.pick(['lead', 'co-facilitator', 'partner']);
  const held = ledger.stateOf('actionLine', code)!.assignments.find(({ to }) => to === undefined);
  const defined = ledger.stateOf('indicator', indicator)!.definition!;
  const [useCase, command] = dice.pick<[UseCase, object]>([
    [renameAgency, { code: agency, names: { en: `Agency ${agency} ${dice.int(1, 99)}` } }],
    [retitleActionLine, { code, titles: { en: `Line ${code} ${dice.int(1, 99)}` } }],
    [setSdgLinks, { code, matrixVersion: dice.pick(['2019', '2025']), sdgs: dice.some(SDGS, dice.int(1, 9)) }],
    [assignFacilitator, { code, agency, role, from: addDays(today, -dice.int(0, 900)) }],
    [relieveFacilitator, { code, ...(held ? { agency: held.agency, role: held.role } : { agency, role }), to: addDays(today, -dice.int(0, 900)) }],
    [reviseIndicator, { code: indicator, titles: { en: `Indicator ${dice.int(1, 99)}` }, min: defined.min, max: defined.max, sourceClass: 'census', measures: defined.measures }],
  ]);
  return { actor: ADMINISTRATOR, useCase, command };
}

function lifeCycleStep(world: World, commitment: CommitmentState): Attempt {
  const { dice, ledger } = world;
  const { id, lead } = commitment;
  const reason = text(dice);
  const others = dice.some(ledger.idsOf('commitment'), 3).filter((other) => isPublic(ledger.stateOf('commitment', other)!));
  const approver = (useCase: UseCase, more: object = {}): Attempt => ({ actor: person(dice, lead, 'approver'), useCase, command: { id, ...more } });
  const focalPoint = (useCase: UseCase, more: object): Attempt => ({ actor: person(dice, lead, 'focal-point'), useCase, command: { id, ...more } });
  const reviewer = (useCase: UseCase, more: object): Attempt => ({ actor: reviewerFor(world, commitment), useCase, command: { id, ...more } });
  const end = () => dice.pick([() => approver(withdrawCommitment, { reason }), () => approver(supersedeCommitment, { by: dice.pick([id, ...others]), reason })])();
  const fits: Record<string, (() => Attempt)[]> = {
    submitted: [...times(6, () => approver(registerCommitment)), () => approver(returnCommitment, { reason }), () => focalPoint(discardCommitment, { reason })],
    returned: [...times(4, () => focalPoint(resubmitCommitment, { content: contentOf(world) })), () => focalPoint(discardCommitment, { reason })],
    registered: [...times(6, () => approver(startCommitment)), end],
    active: [() => approver(suspendCommitment, { reason }), ...times(2, () => approver(claimCompletion, { statement: reason, selfDeclared: dice.chance(0.6) })), end],
    suspended: [...times(4, () => approver(resumeCommitment)), end],
    'completion-claimed': [
      () => reviewer(closeCommitment, { outcome: dice.pick(['completed', 'partly', 'not']), assessment: reason }),
      ...times(2, () => reviewer(declineCompletion, { reason })),
      end,
    ],
  };
  const possible = fits[commitment.status];
  return possible && dice.chance(0.95) ? dice.pick(possible)() : dice.pick(Object.values(fits).flat())();
}

function commitmentStep(world: World, commitment: CommitmentState): Attempt | undefined {
  const { dice } = world;
  const kinds: [number, (world: World, commitment: CommitmentState) => Attempt | undefined][] = [
    [8, progressStep], [5, targetStep], [2, amendmentStep], [1, partnerStep], [1, milestoneStep], [1, obstacleStep], [1, evidenceStep], [1, findingStep],
  ];
  return dice.pick(kinds.flatMap(([weight, kind]) => times(weight, kind)))(world, commitment);
}

function progressStep(world: World, commitment: CommitmentState): Attempt | undefined {
  const { dice } = world;
  const { id, lead } = commitment;
  const [update, state] = dice.pick(Object.entries(commitment.updates)) ?? [];
  const content = () => progressOf(world, commitment);
  const agency = dice.pick(partiesOf(commitment));
  if (!update || !state || dice.chance(0.3)) return { actor: person(dice, agency, 'focal-point'), useCase: submitProgress, command: { id, content: content() } };
  const pending = pendingOf(state.versions);
  const [reason, approver, reviewer] = [text(dice), person(dice, lead, 'approver'), reviewerFor(world, commitment)];
  if (pending && dice.chance(0.8)) {
    const version = dice.chance(0.97) ? pending.version : pending.version + 1;
    return dice.chance(0.8)
      ? { actor: approver, useCase: publishProgress, command: { id, update, version } }
      : { actor: approver, useCase: returnProgress, command: { id, update, version, reason } };
  }
  const change = changeOf(dice, state.versions, 0);
  return dice.pick<Attempt>([
    ...times(3, { actor: person(dice, agency, 'focal-point'), useCase: submitProgressVersion, command: { id, update, change, content: content() } }),
    { actor: approver, useCase: retractProgress, command: { id, update, reason } },
    ...times(2, { actor: reviewer, useCase: verifyProgress, command: { id, update, ...(dice.chance(0.5) && { note: reason }) } }),
    ...(state.status === 'disputed'
      ? times(3, { actor: reviewer, useCase: resolveDispute, command: { id, update, resolution: reason } })
      : [{ actor: reviewer, useCase: disputeProgress, command: { id, update, reason } }]),
  ]);
}

function targetStep(world: World, commitment: CommitmentState): Attempt | undefined {
  const { dice } = world;
  const { id, lead } = commitment;
  const [target, state] = dice.pick(Object.entries(commitment.targets)) ?? [];
  const focalPoint = person(dice, dice.pick(partiesOf(commitment)), 'focal-point');
  if (!target || !state || dice.chance(0.25)) return { actor: focalPoint, useCase: proposeTarget, command: { id, content: targetOf(world) } };
  const pending = pendingOf(state.versions);
  if (!pending || dice.chance(0.05))
    return { actor: focalPoint, useCase: proposeTargetVersion, command: { id, target, change: changeOf(dice, state.versions, 0.5), content: targetOf(world) } };
  const decided = { id, target, version: pending.version };
  return dice.chance(0.85)
    ? { actor: person(dice, lead, 'approver'), useCase: approveTarget, command: decided }
    : { actor: person(dice, lead, 'approver'), useCase: returnTarget, command: { ...decided, reason: text(dice) } };
}

function amendmentStep(world: World, { id, lead, versions }: CommitmentState): Attempt {
  const { dice } = world;
  const pending = pendingOf(versions);
  if (!pending || dice.chance(0.05))
    return { actor: person(dice, lead, 'focal-point'), useCase: proposeAmendment, command: { id, change: changeOf(dice, versions, 0.6), content: contentOf(world) } };
  const decided = { id, version: pending.version };
  return dice.chance(0.75)
    ? { actor: person(dice, lead, 'approver'), useCase: approveAmendment, command: decided }
    : { actor: person(dice, lead, 'approver'), useCase: returnAmendment, command: { ...decided, reason: text(dice) } };
}

function partnerStep({ dice, ledger }: World, commitment: CommitmentState): Attempt {
  const { id } = commitment;
  const partner = dice.pick(partnersOf(commitment));
  if (partner && dice.chance(0.3)) return { actor: person(dice, partner, 'approver'), useCase: leaveCommitment, command: { id, agency: partner } };
  const agency = dice.pick(ledger.idsOf('agency'));
  return { actor: person(dice, agency, 'approver'), useCase: joinCommitment, command: { id, agency } };
}

function milestoneStep({ dice }: World, { id, lead, versions }: CommitmentState): Attempt {
  const milestone = dice.pick(approvedOf(versions)?.content.milestones ?? [])?.milestoneId ?? 'none';
  return { actor: person(dice, lead, 'focal-point'), useCase: reachMilestone, command: { id, milestone } };
}

function obstacleStep({ dice }: World, commitment: CommitmentState): Attempt {
  const { id } = commitment;
  const actor = person(dice, dice.pick(partiesOf(commitment)), 'focal-point');
  const obstacle = dice.pick(Object.keys(commitment.obstacles));
  return obstacle && dice.chance(0.5)
    ? { actor, useCase: resolveObstacle, command: { id, obstacle, resolution: text(dice) } }
    : { actor, useCase: reportObstacle, command: { id, description: text(dice) } };
}

function evidenceStep(world: World, commitment: CommitmentState): Attempt {
  const { dice } = world;
  const { id, lead } = commitment;
  const evidence = dice.pick(Object.keys(commitment.evidence));
  return evidence && dice.chance(0.3)
    ? { actor: reviewerFor(world, commitment), useCase: flagEvidence, command: { id, evidence, reason: text(dice) } }
    : { actor: person(dice, lead, 'focal-point'), useCase: attachEvidence, command: { id, ...aboutOf(dice, commitment), evidence: evidenceOf(world) } };
}

function findingStep(world: World, commitment: CommitmentState): Attempt {
  const { dice } = world;
  const { id, lead } = commitment;
  const [finding, state] = dice.pick(Object.entries(commitment.findings)) ?? [];
  if (!finding || dice.chance(0.3))
    return { actor: reviewerFor(world, commitment), useCase: raiseFinding, command: { id, ...aboutOf(dice, commitment), finding: text(dice) } };
  return state!.status === 'raised'
    ? { actor: person(dice, lead, 'approver'), useCase: answerFinding, command: { id, finding, answer: text(dice) } }
    : { actor: reviewerFor(world, commitment), useCase: closeFinding, command: { id, finding, conclusion: text(dice) } };
}

function contentOf(world: World): object {
  const { dice, ledger, today } = world;
  const startOn = addDays(today, -dice.int(0, 400));
  const wholes = ledger.idsOf('commitment');
  return {
    title: { text: `${dice.pick(['Survey', 'Forum', 'Toolkit', 'Network', 'Étude'])} ${dice.int(1, 999)}`, language: 'en' },
    description: text(dice),
    kind: dice.pick(['financial', 'policy', 'programmatic', 'advocacy']),
    actionLines: dice.chance(0.02) ? ['C7'] : dice.some(ledger.idsOf('actionLine'), dice.int(1, 3)),
    sdgs: dice.some(SDGS, dice.int(0, 4)),
    ...(dice.chance(0.5) && { beneficiaries: { countries: dice.some(['ZM', 'HN', 'MM', 'AF', 'ET'], dice.int(0, 3)), counts: [{ of: 'countries', value: valueOf(dice, 0, 90) }] } }),
    startOn,
    ...(dice.chance(0.85) && { dueOn: addDays(startOn, dice.int(-5, 1200)) }),
    milestones: dice.some(['first', 'second', 'third'], dice.int(0, 3)).map((milestoneId) => ({
      milestoneId, title: title(dice), ...(dice.chance(0.7) && { dueOn: addDays(startOn, dice.int(10, 800)) }),
    })),
    pledged: dice.some(['USD', 'EUR', 'CHF'], dice.chance(0.4) ? dice.int(1, 2) : 0).map((currency) => ({ amount: `${dice.int(1, 500)}00000`, currency })),
    ...(dice.chance(0.2) && { externalReferences: [{ system: 'wsis-stocktaking', reference: `record ${dice.int(1, 999)}` }] }),
    ...(wholes.length > 0 && dice.chance(0.15) && { partOf: dice.pick(wholes) }),
    ...(dice.chance(0.4) && { reportingIntervalDays: dice.pick([90, 180, 730]) }),
    evidence: times(dice.chance(0.2) ? 1 : 0, evidenceOf(world)),
  };
}

function targetOf({ dice, ledger, today }: World): object {
  if (dice.chance(0.1)) return { kind: 'qualitative', text: text(dice), ...(dice.chance(0.5) && { dueOn: addDays(today, dice.int(-100, 900)) }) };
  const indicator = dice.pick(ledger.idsOf('indicator'));
  const { unit, max } = ledger.stateOf('indicator', indicator)!.definition!;
  const on = addDays(today, -dice.int(-1, 700));
  const top = max === null ? 500 : dice.chance(0.97) ? 100 : 120;
  return {
    kind: 'quantitative',
    indicator,
    unit: dice.chance(0.97) ? unit : 'towns',
    baseline: dice.chance(0.1) ? 'unknown' : { value: valueOf(dice, 0, top / 2), on },
    value: valueOf(dice, top / 4, top),
    dueOn: addDays(on, dice.int(0, 1200)),
  };
}

function progressOf(world: World, commitment: CommitmentState): object {
  const { dice, today } = world;
  const to = addDays(today, -dice.int(-1, 200));
  const base = { from: addDays(to, -dice.int(0, 365)), to };
  if (dice.chance(0.07)) return { ...base, notAssessed: text(dice) };
  return {
    ...base,
    narrative: times(dice.int(0, 2), null).map(() => ({ part: dice.pick(['one', 'two', 'three-a', 'three-b']), text: text(dice) })),
    observations: times(dice.int(0, 3), null).map(() => observationOf(world, commitment)),
    evidence: times(dice.chance(0.15) ? 1 : 0, evidenceOf(world)),
  };
}

function observationOf({ dice, ledger, today }: World, { targets }: CommitmentState): object {
  const targeted = Object.values(targets).flatMap(({ versions }) => versions.flatMap(({ content }) => (content.kind === 'quantitative' ? [content.indicator] : [])));
  const indicator = dice.pick(targeted.length > 0 && dice.chance(0.8) ? targeted : ledger.idsOf('indicator'));
  const { unit, max } = ledger.stateOf('indicator', indicator)!.definition!;
  return {
    indicator,
    value: valueOf(dice, 0, max === null ? 500 : dice.chance(0.98) ? 100 : 130),
    unit: dice.chance(0.98) ? unit : 'towns',
    asOf: addDays(today, -dice.int(dice.chance(0.05) ? -1 : 0, 400)),
    source: 'Annual report',
    ...(dice.chance(0.15) && { disaggregation: { [dice.pick(['location', 'sex', 'age', 'disability'])]: 'some' } }),
  };
}

function evidenceOf({ dice, ledger, today }: World): object {
  return {
    title: title(dice),
    class: dice.pick(['official-paper', 'self-report', 'event-summary', 'third-party-article']),
    draft: dice.chance(0.1),
    ...(dice.chance(0.7) && { issuer: dice.pick([...times(10, ledger.idsOf('agency')).flat(), 'nobody']) }),
    ...(dice.chance(0.5) && { date: addDays(today, -dice.int(-5, 700)) }),
    ...(dice.chance(0.3) && { url: `https://example.org/papers/${dice.int(1, 999)}` }),
  };
}

function aboutOf(dice: Dice, commitment: CommitmentState): { about?: string } {
  const about = dice.pick([undefined, ...Object.keys(commitment.updates), ...Object.keys(commitment.targets), 'first']);
  return about === undefined ? {} : { about };
}

function valueOf(dice: Dice, from: number, to: number): object {
  const low = dice.int(Math.floor(from), Math.floor(to));
  return {
    low: dice.chance(0.2) && low < to ? `${low}.${dice.int(1, 9)}` : `${low}`,
    ...(dice.chance(0.15) && low + 2 <= to && { high: `${low + 2}` }),
    ...(dice.chance(0.25) && { qualifier: dice.pick(['about', 'nearly', 'more than', 'up to']) }),
    provisional: dice.chance(0.2),
  };
}

/** Mostly the change that fits: new before the first approval, then a revision (at that rate) or a correction. */
function changeOf(dice: Dice, versions: Versions<unknown>, revisions: number): object {
  const approved = dice.pick(versions.filter(({ status }) => status === 'approved'));
  if (!approved || dice.chance(0.03)) return { kind: 'new' };
  const reason = text(dice);
  return dice.chance(revisions) ? { kind: 'revision', reason } : { kind: 'correction', corrects: approved.version, reason };
}

/** As a text, on one line. */
function title(dice: Dice): { text: string; language: string } {
  const { text: words, language } = text(dice);
  return { text: words.replaceAll('\n', ' '), language };
}

function text(dice: Dice): { text: string; language: string } {
  const words = dice.pick(PHRASES);
  return { text: words, language: words.startsWith('Donn') ? 'fr' : words.startsWith('数') ? 'zh' : 'en' };
}

/** Some people are focal point and approver at once: then nobody must approve their own versions. */
function person(dice: Dice, agency: string, role: Role): Actor {
  const who = dice.chance(0.12) ? 'both' : `${role}-${dice.int(1, 2)}`;
  return { id: `${agency.toLowerCase()}-${who}`, agency, role };
}

function reviewerFor({ dice, ledger }: World, commitment: CommitmentState): Actor {
  const outside = ledger.idsOf('agency').filter((agency) => !partiesOf(commitment).includes(agency));
  const agency = dice.pick(dice.chance(0.95) && outside.length > 0 ? outside : ledger.idsOf('agency'));
  return { id: `${agency.toLowerCase()}-reviewer-1`, agency, role: 'reviewer' };
}

function times<T>(count: number, thing: T): T[] {
  return Array<T>(count).fill(thing);
}
