import { addDays } from '#domain/calendar.ts';
import { assignFacilitator } from '#domain/action-line/assign-facilitator.ts';
import { defineActionLine } from '#domain/action-line/define.ts';
import { setSdgLinks } from '#domain/action-line/set-sdg-links.ts';
import { registerAgency } from '#domain/agency/register.ts';
import { answerFinding } from '#domain/commitment/answer-finding.ts';
import { approveAmendment } from '#domain/commitment/approve-amendment.ts';
import { approveTarget } from '#domain/commitment/approve-target.ts';
import { attachEvidence } from '#domain/commitment/attach-evidence.ts';
import { claimCompletion } from '#domain/commitment/claim-completion.ts';
import { closeFinding } from '#domain/commitment/close-finding.ts';
import { closeCommitment } from '#domain/commitment/close.ts';
import type { CommitmentContent, Evidence, Observation, ProgressContent, TargetContent } from '#domain/commitment/content.ts';
import { declineCompletion } from '#domain/commitment/decline-completion.ts';
import { discardCommitment } from '#domain/commitment/discard.ts';
import { disputeProgress } from '#domain/commitment/dispute-progress.ts';
import { joinCommitment } from '#domain/commitment/join.ts';
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
import { returnProgress } from '#domain/commitment/return-progress.ts';
import { returnTarget } from '#domain/commitment/return-target.ts';
import { returnCommitment } from '#domain/commitment/return.ts';
import { startCommitment } from '#domain/commitment/start.ts';
import { isPublic, type CommitmentState } from '#domain/commitment/state.ts';
import { submitProgressVersion } from '#domain/commitment/submit-progress-version.ts';
import { submitProgress } from '#domain/commitment/submit-progress.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import { suspendCommitment } from '#domain/commitment/suspend.ts';
import { verifyProgress } from '#domain/commitment/verify-progress.ts';
import { approvedOf } from '#domain/commitment/versions.ts';
import { withdrawCommitment } from '#domain/commitment/withdraw.ts';
import type { Actor, NewEvent, RecordedEvent, Role } from '#domain/event.ts';
import { SCHEMA_VERSION } from '#domain/events.ts';
import { defineIndicator } from '#domain/indicator/define.ts';
import { streams } from '#domain/streams.ts';
import { decide, type Category, type Facts, type StateOf, type StreamType, type UseCase } from '#domain/use-case.ts';
import type { Text } from '#domain/values.ts';
import type { EventStore } from '#event-store/event-store.ts';
import { Dice } from '#testing/dice.ts';

export interface RealisticHistoryOptions {
  seed: number;
  events: number;
  /** Average of progress updates to a registered commitment; 10 unless given. */
  updatesEach?: number;
}

/**
 * `updatesEach` that comes to ten events a commitment: 100,000 commitments in 1,000,000 events. Ten updates each, of
 * at least two events, take 33: both numbers can't hold in one log.
 */
export const UPDATES_FOR_TEN_EVENTS = 1.75;

/**
 * The log of a ledger as it would be after ten years, in order, made as it is read: 18 lines and 60 agencies of skewed
 * weights; a fifth of all commitments in progress at a time, their events side by side; one in three with targets;
 * updates with a long tail (one in a thousand has 500), 5 % of them corrected; content of 300 bytes to 4 KiB. Every
 * event is what a decider answered. The same options give the same log.
 */
export function* realisticHistory(options: RealisticHistoryOptions): Generator<RecordedEvent, void, void> {
  const ledger = new Ledger(options);
  const { dice } = ledger;
  for (const { stream, ...attempt } of catalogue(dice)) yield* ledger.run(ledger.stream(stream), attempt);
  const inProgressMax = Math.max(20, Math.round((options.events / eventsEach(ledger.updatesEach)) * IN_PROGRESS));
  const lives: Life[] = [];
  while (ledger.position < options.events) {
    if (lives.length === 0 || (lives.length < inProgressMax && dice.chance(0.25))) {
      const life = new Life(ledger, lives);
      // Who reports often has as many more turns.
      for (let turns = Math.max(1, Math.ceil(life.updates / 20)); turns > 0; turns -= 1) lives.push(life);
    }
    const at = dice.int(0, lives.length - 1);
    const events = lives[at]!.goOn();
    yield* events;
    if (events.length > 0) continue;
    lives[at] = lives.at(-1)!;
    lives.pop();
  }
}

/**
 * Appends a history to an empty log, many streams at once: each stream keeps its order, and the log as a whole keeps it
 * but for neighbours. When an event was recorded is the log's to say, and is now; `occurredOn` has the years.
 */
export async function recordHistory(store: EventStore, history: Iterable<RecordedEvent>, recorded: (events: number) => void = () => {}): Promise<void> {
  const events = history[Symbol.iterator]();
  let count = 0;
  const write = async (): Promise<void> => {
    for (let next = events.next(); !next.done; next = events.next()) {
      const { stream, revision, type } = next.value;
      const result = await store.append(stream, revision - 1, [toNew(next.value)]);
      if (result.outcome !== 'appended') throw new Error(`${type} to ${stream} at ${revision} was a ${result.outcome}`);
      count += 1;
      if (count % 10_000 === 0) recorded(count);
    }
  };
  await Promise.all(Array.from({ length: APPENDS_AT_ONCE }, write));
}

/** What was recorded, to be recorded once more. */
export function toNew({ id, type, data, metadata }: RecordedEvent): NewEvent {
  return { id, type, data, metadata };
}

/** Of all commitments that there will be, so many are in progress at a time. */
const IN_PROGRESS = 0.2;
/** Events of an average commitment, as the lives below come to. */
function eventsEach(updatesEach: number): number {
  return 6 + 2.6 * updatesEach;
}
const APPENDS_AT_ONCE = 1_000;
const FIRST_DAY = '2016-01-04';
const DAYS = 3_650;

interface Attempt {
  useCase: UseCase;
  command: object;
  actor: Actor;
}

interface Stream {
  name: string;
  revision: number;
  state: unknown;
  /** Id of what was made last. */
  made: string;
}

/** Decides and counts; holds the states of the catalogue, while each life holds its commitment's. */
class Ledger {
  readonly dice: LifelikeDice;
  readonly updatesEach: number;
  position = 0;
  readonly #events: number;
  readonly #catalogue = new Map<string, Stream>();
  readonly #today = { at: -1, day: '' };

  constructor({ seed, events, updatesEach = 10 }: RealisticHistoryOptions) {
    this.dice = new LifelikeDice(seed);
    this.updatesEach = updatesEach;
    this.#events = events;
  }

  get today(): string {
    const at = Math.floor((this.position / this.#events) * DAYS);
    if (at !== this.#today.at) Object.assign(this.#today, { at, day: addDays(FIRST_DAY, at) });
    return this.#today.day;
  }

  stream(name: string): Stream {
    const known = this.#catalogue.get(name) ?? { name, revision: 0, state: undefined, made: '' };
    this.#catalogue.set(name, known);
    return known;
  }

  /** @throws DomainError where nobody may do this: then a life below is wrong */
  run(stream: Stream, { useCase, command, actor }: Attempt, whole?: CommitmentState): RecordedEvent[] {
    const { dice, today } = this;
    const { initial, evolve } = streams[useCase.category] as unknown as StreamType<unknown, RecordedEvent>;
    const transcribedFrom = actor.role === 'secretariat' ? TRANSCRIBED : undefined;
    const newId = (label: string) => (label === 'commitment' ? stream.made : (stream.made = dice.uuid()));
    const context = { actor, occurredOn: today, today, transcribedFrom, facts: this.#facts(whole), newId };
    const decided = decide(useCase, command, stream.state ?? initial, context);
    const metadata = {
      commandId: dice.uuid(), requestHash: dice.hex(8), actor, occurredOn: today, schemaVersion: SCHEMA_VERSION, ...(transcribedFrom && { transcribedFrom }),
    };
    return decided.map(({ type, data }) => {
      const event: RecordedEvent = {
        id: dice.uuid(), type, data, metadata: { ...metadata, salt: dice.hex(4) },
        stream: stream.name, revision: (stream.revision += 1), position: (this.position += 1), recordedAt: `${today}T12:00:00.000Z`,
      };
      stream.state = evolve(stream.state ?? initial, event);
      return event;
    });
  }

  #facts(whole: CommitmentState | undefined): Facts {
    const of = <C extends Category>(category: C) => (id: string) => this.#catalogue.get(`${category}-${id}`)?.state as StateOf[C] | undefined;
    return { agency: of('agency'), actionLine: of('actionLine'), indicator: of('indicator'), commitment: () => whole };
  }
}

/** One commitment, from its submission to its end or to its last news. */
class Life {
  /** How many it will have, if it comes so far. */
  readonly updates: number;
  readonly #ledger: Ledger;
  readonly #dice: LifelikeDice;
  readonly #id: string;
  readonly #lead: string;
  readonly #stream: Stream;
  readonly #script: Generator<Attempt, void, void>;
  readonly #isTranscribed: boolean;
  readonly #whole: CommitmentState | undefined;
  readonly #partners: string[] = [];
  readonly #observed: { indicator: (typeof INDICATORS)[number]; from: number; to: number }[] = [];

  constructor(ledger: Ledger, others: readonly Life[]) {
    this.#ledger = ledger;
    const dice = (this.#dice = ledger.dice);
    this.#id = dice.uuid();
    this.updates = dice.chance(0.001) ? 500 : dice.longTailed(ledger.updatesEach - 0.5, 400);
    this.#lead = dice.skewed(AGENCIES);
    this.#stream = { name: `commitment-${this.#id}`, revision: 0, state: undefined, made: this.#id };
    this.#isTranscribed = dice.chance(0.03);
    this.#whole = others.length > 0 && dice.chance(0.03) ? dice.pick(others).#asWhole() : undefined;
    this.#script = this.#live();
  }

  /** The next events; none when there is nothing more to tell. */
  goOn(): RecordedEvent[] {
    const next = this.#script.next();
    return next.done ? [] : this.#ledger.run(this.#stream, next.value, this.#whole);
  }

  get #commitment(): CommitmentState {
    return this.#stream.state as CommitmentState;
  }

  #asWhole(): CommitmentState | undefined {
    const { state } = this.#stream as { state: CommitmentState | undefined };
    return state && isPublic(state) && approvedOf(state.versions)!.content.partOf === undefined ? state : undefined;
  }

  *#live(): Generator<Attempt, void, void> {
    const dice = this.#dice;
    const content = this.#content();
    yield this.#by('focal-point', submitCommitment, { lead: this.#lead, content });
    if (dice.chance(0.06)) {
      yield this.#by('approver', returnCommitment, { reason: this.#text(120) });
      if (dice.chance(0.2)) return void (yield this.#by('focal-point', discardCommitment, { reason: this.#text(60) }));
      yield this.#by('focal-point', resubmitCommitment, { content });
    }
    yield this.#by('approver', registerCommitment, {});
    if (dice.chance(0.95)) yield this.#by('approver', startCommitment, {});
    yield* this.#partnersJoin();
    if (dice.chance(1 / 3)) yield* this.#targets();
    for (let n = 0; n < this.updates; n += 1) {
      yield* this.#update();
      yield* this.#news(content);
    }
    for (const { milestoneId } of content.milestones)
      if (dice.chance(0.6)) yield this.#by('focal-point', reachMilestone, { milestone: milestoneId });
    yield* this.#end();
  }

  *#partnersJoin(): Generator<Attempt, void, void> {
    if (!this.#dice.chance(0.3)) return;
    for (let n = this.#dice.int(1, 3); n > 0; n -= 1) {
      const agency = this.#dice.skewed(AGENCIES);
      if (agency === this.#lead || this.#partners.includes(agency)) continue;
      yield this.#by('approver', joinCommitment, { agency }, agency);
      this.#partners.push(agency);
    }
  }

  *#targets(): Generator<Attempt, void, void> {
    for (let n = this.#dice.pick([1, 1, 1, 2, 3]); n > 0; n -= 1) {
      const content = this.#target();
      yield this.#by('focal-point', proposeTarget, { content });
      const target = this.#stream.made;
      if (this.#dice.chance(0.1)) {
        yield this.#by('approver', returnTarget, { target, version: 1, reason: this.#text(120) });
        yield this.#by('focal-point', proposeTargetVersion, { target, change: { kind: 'new' }, content });
      }
      yield this.#by('approver', approveTarget, { target, version: this.#commitment.targets[target]!.versions.at(-1)!.version });
    }
  }

  *#update(): Generator<Attempt, void, void> {
    const dice = this.#dice;
    const agency = dice.pick([this.#lead, this.#lead, this.#lead, ...this.#partners]);
    yield this.#by('focal-point', submitProgress, { content: this.#progress() }, agency);
    const update = this.#stream.made;
    let version = 1;
    if (dice.chance(0.04)) {
      yield this.#by('approver', returnProgress, { update, version, reason: this.#text(200) });
      yield this.#by('focal-point', submitProgressVersion, { update, change: { kind: 'new' }, content: this.#progress() }, agency);
      version += 1;
    }
    yield this.#by('approver', publishProgress, { update, version });
    if (dice.chance(0.05)) {
      const change = { kind: 'correction', corrects: version, reason: this.#text(200) };
      yield this.#by('focal-point', submitProgressVersion, { update, change, content: this.#progress() }, agency);
      yield this.#by('approver', publishProgress, { update, version: version + 1 });
    }
    if (dice.chance(0.1)) yield this.#by('reviewer', verifyProgress, { update, note: this.#text(100) });
    if (dice.chance(0.02)) {
      yield this.#by('reviewer', disputeProgress, { update, reason: this.#text(300) });
      yield this.#by('reviewer', resolveDispute, { update, resolution: this.#text(300) });
    }
    if (dice.chance(0.01)) yield this.#by('approver', retractProgress, { update, reason: this.#text(200) });
  }

  /** What happens beside the updates. */
  *#news(content: CommitmentContent): Generator<Attempt, void, void> {
    const dice = this.#dice;
    if (dice.chance(0.08)) yield this.#by('focal-point', attachEvidence, { about: dice.chance(0.5) ? this.#stream.made : undefined, evidence: this.#evidence() });
    if (dice.chance(0.05)) {
      yield this.#by('focal-point', reportObstacle, { description: this.#text(dice.size()) });
      const obstacle = this.#stream.made;
      if (dice.chance(0.6)) yield this.#by('focal-point', resolveObstacle, { obstacle, resolution: this.#text(300) });
    }
    if (dice.chance(0.02)) {
      yield this.#by('reviewer', raiseFinding, { finding: this.#text(dice.size()) });
      const finding = this.#stream.made;
      yield this.#by('approver', answerFinding, { finding, answer: this.#text(dice.size()) });
      if (dice.chance(0.7)) yield this.#by('reviewer', closeFinding, { finding, conclusion: this.#text(200) });
    }
    if (dice.chance(0.015)) {
      const change = { kind: 'revision', reason: this.#text(300) };
      yield this.#by('focal-point', proposeAmendment, { change, content: { ...content, dueOn: addDays(this.#ledger.today, dice.int(30, 900)) } });
      yield this.#by('approver', approveAmendment, { version: this.#commitment.versions.at(-1)!.version });
    }
    if (this.#commitment.status === 'active' && dice.chance(0.01)) {
      yield this.#by('approver', suspendCommitment, { reason: this.#text(200) });
      yield this.#by('approver', resumeCommitment, {});
    }
  }

  *#end(): Generator<Attempt, void, void> {
    const dice = this.#dice;
    if (dice.chance(0.05)) return void (yield this.#by('approver', withdrawCommitment, { reason: this.#text(300) }));
    if (this.#commitment.status !== 'active' || dice.chance(0.4)) return;
    yield this.#by('approver', claimCompletion, { statement: this.#text(dice.size()), selfDeclared: true });
    if (dice.chance(0.1)) {
      yield this.#by('reviewer', declineCompletion, { reason: this.#text(300) });
      yield this.#by('approver', claimCompletion, { statement: this.#text(300), selfDeclared: true });
    }
    yield this.#by('reviewer', closeCommitment, { outcome: dice.pick(['completed', 'completed', 'partly', 'not']), assessment: this.#text(400) });
  }

  /** By somebody of that role at an agency, the lead unless given; or by the secretariat, which transcribed this one's records. */
  #by(role: Role, useCase: UseCase, body: object, agency = this.#lead): Attempt {
    const command = useCase === submitCommitment ? body : { id: this.#id, ...body };
    if (role === 'reviewer') return { useCase, command, actor: { id: 'reviewer-1', agency: REVIEWING, role } };
    if (this.#isTranscribed) return { useCase, command, actor: { id: `secretariat-${role === 'approver' ? 1 : 2}`, agency: 'UNCTAD', role: 'secretariat' } };
    return { useCase, command, actor: { id: `${agency.toLowerCase()}-${role}-1`, agency, role } };
  }

  #content(): CommitmentContent {
    const dice = this.#dice;
    const startOn = addDays(this.#ledger.today, -dice.int(0, 200));
    const lines = new Set(Array.from({ length: dice.pick([1, 1, 1, 2, 2, 3]) }, () => dice.skewed(LINES)));
    return {
      title: this.#text(60),
      description: this.#text(dice.size()),
      kind: dice.pick(['financial', 'policy', 'programmatic', 'programmatic', 'advocacy']),
      actionLines: [...lines],
      sdgs: [...new Set(Array.from({ length: dice.int(0, 4) }, () => dice.int(1, 17)))],
      ...(dice.chance(0.5) && { beneficiaries: { countries: [...new Set(Array.from({ length: dice.int(1, 12) }, () => dice.skewed(COUNTRIES)))], regions: [], groups: [], counts: [] } }),
      startOn,
      ...(dice.chance(0.85) && { dueOn: addDays(startOn, dice.int(200, 1_500)) }),
      milestones: Array.from({ length: dice.pick([0, 0, 1, 2, 3]) }, (_, n) => ({ milestoneId: `step-${n + 1}`, title: this.#text(50), dueOn: addDays(startOn, dice.int(30, 900)) })),
      pledged: dice.chance(0.3) ? [{ amount: `${dice.int(1, 900)}00000`, currency: dice.pick(['USD', 'USD', 'EUR', 'CHF']) }] : [],
      externalReferences: [],
      ...(this.#whole && { partOf: this.#whole.id }),
      reportingIntervalDays: dice.pick([365, 365, 180, 90]),
      evidence: dice.chance(0.3) ? [this.#evidence()] : [],
    };
  }

  #target(): TargetContent {
    const dice = this.#dice;
    const { today } = this.#ledger;
    if (dice.chance(0.1)) return { kind: 'qualitative', text: this.#text(200), dueOn: addDays(today, dice.int(100, 900)) };
    const indicator = dice.skewed(INDICATORS);
    const from = dice.int(0, indicator.max / 2);
    const to = dice.int(indicator.max / 2 + 1, indicator.max);
    this.#observed.push({ indicator, from, to });
    return {
      kind: 'quantitative', indicator: indicator.code, unit: indicator.unit,
      baseline: dice.chance(0.1) ? 'unknown' : { value: { low: `${from}`, provisional: false }, on: addDays(today, -dice.int(1, 400)) },
      value: { low: `${to}`, provisional: false },
      dueOn: addDays(today, dice.int(200, 1_500)),
    };
  }

  #progress(): ProgressContent {
    const dice = this.#dice;
    const to = addDays(this.#ledger.today, -dice.int(0, 60));
    const observations = this.#observed.map((target) => this.#observation(target));
    if (observations.length === 0 && dice.chance(0.3)) observations.push(this.#observation({ indicator: dice.skewed(INDICATORS), from: 0, to: 50 }));
    return {
      from: addDays(to, -dice.pick([90, 180, 365])), to,
      narrative: [{ part: dice.pick(['one', 'two', 'three-a', 'three-b']), text: this.#text(dice.size() - 250 * observations.length) }],
      observations,
      evidence: dice.chance(0.15) ? [this.#evidence()] : [],
    };
  }

  #observation({ indicator, from, to }: { indicator: (typeof INDICATORS)[number]; from: number; to: number }): Observation {
    const dice = this.#dice;
    return {
      indicator: indicator.code,
      value: { low: `${dice.int(from, to)}`, ...(dice.chance(0.2) && { qualifier: 'about' as const }), provisional: dice.chance(0.2) },
      unit: indicator.unit,
      asOf: addDays(this.#ledger.today, -dice.int(0, 60)),
      source: 'Annual report of the programme',
      ...(dice.chance(0.1) && { disaggregation: { sex: 'female' } }),
    };
  }

  #evidence(): Evidence {
    const dice = this.#dice;
    return {
      title: this.#text(80), class: dice.pick(['official-paper', 'self-report', 'event-summary', 'third-party-article']), draft: false,
      issuer: dice.skewed(AGENCIES), date: addDays(this.#ledger.today, -dice.int(0, 300)), url: `https://example.org/papers/${dice.hex(1)}`,
    };
  }

  /** Of so many characters, and 40 at the least. */
  #text(length: number): Text {
    const whole = Math.max(40, Math.floor(length));
    const at = this.#dice.int(0, PROSE.length - whole - 1);
    return { text: `${PROSE.slice(at, at + whole - 1).trim()}.`, language: 'en' };
  }
}

const LINES = ['C2', 'C4', 'C7-eGov', 'C3', 'C5', 'C6', 'C1', 'C11', 'C7-eLea', 'C7-eHea', 'C8', 'C7-eAgr', 'C9', 'C7-eBus', 'C10', 'C7-eEnv', 'C7-eSci', 'C7-eEmp'];
const AGENCIES = ['ITU', 'UNDP', 'UNESCO', 'UNDESA', 'UNCTAD', 'FAO', 'WHO', 'ILO', 'WMO', 'UNEP', ...Array.from({ length: 50 }, (_, n) => `AGENCY-${n + 11}`)];
/** Agencies that review are party to nothing. */
const REVIEWING = 'UNGIS';
const INDICATORS = Array.from({ length: 40 }, (_, n) => ({ code: `REAL.${n + 1}`, unit: n % 4 === 0 ? 'percent' : 'people', max: n % 4 === 0 ? 100 : 100_000 }));
const COUNTRIES = ['ZM', 'HN', 'MM', 'AF', 'ET', 'KE', 'BD', 'BR', 'CO', 'EG', 'FJ', 'GH', 'HT', 'IN', 'JM', 'KH', 'LA', 'MA', 'NE', 'NG', 'PE', 'PH', 'RW', 'SN', 'TD', 'UG', 'VN', 'WS', 'YE', 'ZW'];
const ADMINISTRATOR: Actor = { id: 'administrator-1', agency: 'UNCTAD', role: 'administrator' };
const TRANSCRIBED = { document: 'Submission to the Commission', place: 'part one' };

/** As the domain's own steps make it: agencies, lines with their facilitators and goals, indicators. */
function catalogue(dice: LifelikeDice): (Attempt & { stream: string })[] {
  const administer = (stream: string, useCase: UseCase, command: object) => ({ stream, useCase, command, actor: ADMINISTRATOR });
  return [
    ...[...AGENCIES, REVIEWING].map((code) => administer(`agency-${code}`, registerAgency, { code, names: { en: `Agency ${code}` }, kind: 'un-entity' })),
    ...LINES.flatMap((code) => [
      administer(`actionLine-${code}`, defineActionLine, { code, titles: { en: `Line ${code}` } }),
      administer(`actionLine-${code}`, setSdgLinks, { code, matrixVersion: '2019', sdgs: [1, 4, 5, 8, 9, 16, 17].filter(() => dice.chance(0.7)) }),
      ...[...new Set([dice.skewed(AGENCIES), dice.skewed(AGENCIES)])].map((agency) => administer(`actionLine-${code}`, assignFacilitator, { code, agency, role: 'lead', from: '2006-02-24' })),
    ]),
    ...INDICATORS.map(({ code, unit, max }) =>
      administer(`indicator-${code}`, defineIndicator, {
        code, unit, direction: 'rising', titles: { en: `Indicator ${code}` }, min: '0', max: `${max}`, sourceClass: 'survey', measures: 'result',
      })),
  ];
}

/** And choices of the kinds that a real ledger's life is made of. */
class LifelikeDice extends Dice {
  /** The first most often, the last seldom: half of all choices fall on the first eighth of the list. */
  skewed<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() ** 3 * list.length)]!;
  }

  /** Whole numbers of this average, most of them small. */
  longTailed(average: number, max: number): number {
    return Math.min(max, Math.round(-Math.log(1 - this.next()) * Math.max(0, average)));
  }

  /** Characters of content: from 200 to 3,600, each doubling as likely as the next. */
  size(): number {
    return 200 * 18 ** this.next();
  }

  /** So many times eight hexadecimal digits. */
  hex(words: number): string {
    let text = '';
    for (let n = 0; n < words; n += 1) text += this.draw().toString(16).padStart(8, '0');
    return text;
  }

  uuid(): string {
    const digits = this.hex(4);
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-5${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`;
  }
}

/** Words without end, of which every text is a piece. */
const PROSE = proseOf(new LifelikeDice(7), 20_000);

function proseOf(dice: LifelikeDice, words: number): string {
  const vocabulary = (
    'the of and to in for with on that by from access agency agreed alliance assessment broadband capacity centre cities civil '
    + 'community connectivity content countries course culture curriculum data delivery development digital districts draft education '
    + 'electronic employment environment equipment ethics evaluation exchange farmers finance first forum framework funding gender '
    + 'government growth guidelines health hospital implementation inclusion indicators information infrastructure innovation institute '
    + 'international internet investment knowledge language launched learning legislation libraries local media meeting members ministry '
    + 'mobile national network observatory office online open operators parliament partners platform policy portal practice prepared '
    + 'private programme progress project public published quality radio region regulators report research resources review rural schools '
    + 'science second sector security services skills society software standards statistics strategy students support survey teachers '
    + 'technical technology tools trained training universities users villages visitors women workshop years young'
  ).split(' ');
  return Array.from({ length: words }, () => dice.pick(vocabulary)).join(' ');
}
