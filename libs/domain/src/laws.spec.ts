import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { anyLife, playLife, randomHistory, type LivedStep } from '#testing/histories.ts';
import { fold, type LedgerInMemory } from '#testing/ledger-in-memory.ts';
import type { CommitmentEvent } from './commitment/commitment.ts';
import { hasEnded, isPublic, noCommitment, partnersOf, publicPart, type CommitmentState, type CommitmentStatus } from './commitment/state.ts';
import { approvedOf, type Change, type Versions } from './commitment/versions.ts';
import { compareDecimals } from './decimal.ts';
import type { RecordedEvent } from './event.ts';
import { eventType, eventTypes } from './events.ts';
import { paceInputsOf } from './pace.ts';
import { streams } from './streams.ts';

/**
 * What holds in every life: random people do random things, most of them sensible, some forbidden, to a random small
 * catalogue. Whatever the domain accepts must fold, keep every invariant, and be told by its public events alone.
 */
const LIVES = { numRuns: 40 };
const STEPS = 150;

/** One accepted event with the commitment before and after it. */
interface Happening {
  event: CommitmentEvent;
  before: CommitmentState;
  after: CommitmentState;
  ledger: LedgerInMemory;
}

test('any sequence of accepted commands folds, and what is refused is refused for a reason', () => {
  fc.assert(
    fc.property(anyLife(STEPS), (seeds) => {
      const ledger = playLife(seeds, ({ events, refusal }) => check((events.length > 0) !== (refusal !== undefined), 'a command is either accepted or refused'));
      for (const stream of streamsOf(ledger)) {
        const [category, id] = splitStream(stream);
        same(fold(category, ledger.log.filter((event) => event.stream === stream)), ledger.stateOf(category, id), `${stream} folds to what decisions rested on`);
      }
    }),
    LIVES,
  );
});

test('no accepted sequence breaks an invariant', () => {
  fc.assert(
    fc.property(anyLife(STEPS), (seeds) => {
      eachHappening(seeds, (happening) => {
        for (const [invariant, holds] of Object.entries(invariants)) check(holds(happening), `${happening.event.type} keeps to: ${invariant}`);
      });
    }),
    LIVES,
  );
});

test('folding only the public events gives the public part of folding all', () => {
  fc.assert(
    fc.property(anyLife(STEPS), (seeds) => {
      const publicStates = new Map<string, CommitmentState>();
      eachHappening(seeds, ({ event, after }) => {
        const before = publicStates.get(event.stream) ?? noCommitment;
        const seen = eventType(event.type)!.public ? streams.commitment.evolve(before, event) : before;
        publicStates.set(event.stream, seen);
        same(seen, publicPart(after) ?? noCommitment, `after ${event.type} the public events tell the public part`);
        if (isPublic(after)) same(paceInputsOf(seen), paceInputsOf(after), 'and the same pace');
      });
    }),
    LIVES,
  );
});

test('every event decided is as its schema says, and comes back from JSON unchanged', () => {
  fc.assert(
    fc.property(anyLife(STEPS), (seeds) => {
      playLife(seeds, ({ events }) => {
        for (const { type, data } of events) {
          const { data: schema } = eventType(type)!;
          same(schema.parse(JSON.parse(JSON.stringify(data))), data, `${type} is read as it was written`);
        }
      });
    }),
    LIVES,
  );
});

test('the same command with the same ids decides the same, as often as it is asked', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (seed, last) => {
      const first: LivedStep[] = [];
      const second: LivedStep[] = [];
      const seeds = [seed, ...Array.from({ length: 40 }, (_, index) => Math.imul(last, index + 1) >>> 0)];
      const ledger = playLife(seeds, (step, before) => {
        first.push(step);
        if (step.refusal) same(refusalOf(step, before), step.refusal.errors, 'a refusal is repeated');
      });
      same(playLife(seeds, (step) => second.push(step)).log, ledger.log, 'the same life leaves the same log');
      same(second.map(({ events }) => events), first.map(({ events }) => events), 'step by step');
    }),
    { numRuns: 20 },
  );
});

test('random histories are lives of which every event type is a part', () => {
  const log = randomHistory(42, 4000);
  expect(log).toHaveLength(4000);
  const happened = new Set(log.map(({ type }) => type));
  expect(Object.values(eventTypes).flat().filter(({ type }) => !happened.has(type))).toEqual([]);
  log.forEach((event, index) => {
    check(event.position === index + 1, 'positions are dense');
    check(index === 0 || event.recordedAt >= log[index - 1]!.recordedAt, 'time never falls');
  });
  same(randomHistory(42, 500), randomHistory(42, 500), 'the same seed gives the same log');
  check(!isDeepStrictEqual(randomHistory(43, 50), randomHistory(42, 50)), 'another seed another');
});

/** What may follow what. */
const transitions: Partial<Record<CommitmentEvent['type'], [from: CommitmentStatus[], to: CommitmentStatus]>> = {
  CommitmentSubmitted: [['none'], 'submitted'],
  CommitmentReturned: [['submitted'], 'returned'],
  CommitmentResubmitted: [['returned'], 'submitted'],
  CommitmentDiscarded: [['submitted', 'returned'], 'discarded'],
  CommitmentRegistered: [['submitted'], 'registered'],
  CommitmentStarted: [['registered'], 'active'],
  CommitmentSuspended: [['active'], 'suspended'],
  CommitmentResumed: [['suspended'], 'active'],
  CompletionClaimed: [['active'], 'completion-claimed'],
  CompletionDeclined: [['completion-claimed'], 'active'],
  CommitmentClosed: [['completion-claimed'], 'closed'],
  CommitmentWithdrawn: [['registered', 'active', 'suspended', 'completion-claimed'], 'withdrawn'],
  CommitmentSuperseded: [['registered', 'active', 'suspended', 'completion-claimed'], 'superseded'],
};

const BY_REVIEWER = ['CommitmentClosed', 'CompletionDeclined', 'ProgressVerified', 'ProgressDisputed', 'DisputeResolved', 'EvidenceFlagged', 'FindingRaised', 'FindingClosed'];
const AFTER_END = ['EvidenceAttached', 'EvidenceFlagged', 'FindingRaised', 'FindingAnswered', 'FindingClosed', 'ProgressRetracted', 'ProgressVerified', 'ProgressDisputed', 'DisputeResolved'];
const RETURNS = ['AmendmentReturned', 'TargetReturned', 'ProgressReturned', 'CommitmentReturned'];

/** Section by section of the domain's invariants; each asked after every event. */
const invariants: Record<string, (happening: Happening) => boolean> = {
  'a commitment names an action line, never bare C7': ({ after }) =>
    after.versions.every(({ content: { actionLines } }) => actionLines.length > 0 && !actionLines.includes('C7')),

  'the lead’s assignment is one that it holds on the day, or null': ({ event, ledger }) => {
    if (event.type !== 'CommitmentRegistered' && event.type !== 'CommitmentAmended') return true;
    const { content, reliance } = event.data;
    const lead = event.type === 'CommitmentRegistered' ? event.data.lead : ledger.stateOf('commitment', event.stream.slice('commitment-'.length))!.lead;
    const { occurredOn } = event.metadata;
    const held = content.actionLines.flatMap((line) => ledger.stateOf('actionLine', line)!.assignments)
      .filter(({ agency, from, to }) => agency === lead && from <= occurredOn && (to === undefined || occurredOn <= to));
    return (reliance.assignment === null) === (held.length === 0);
  },

  'the author of a version neither approves nor returns it': ({ event, before }) => {
    const decided = decidedVersion(event);
    return decided === undefined || versionsOf(before, event).find(({ version }) => version === decided)!.author !== event.metadata.actor.id;
  },

  'the secretariat decides on what it transcribed alone': ({ event, before }) => {
    const decided = decidedVersion(event);
    return decided === undefined || event.metadata.actor.role !== 'secretariat' ||
      versionsOf(before, event).find(({ version }) => version === decided)!.authorRole === 'secretariat';
  },

  'what is approved is what was proposed': ({ event, before }) => {
    if (!('content' in event.data) || !isApproval(event)) return true;
    const { version, content } = event.data;
    return isDeepStrictEqual(versionsOf(before, event).find((one) => one.version === version)!.content, content);
  },

  'a reviewer never belonged to a party': ({ event, ledger }) =>
    !BY_REVIEWER.includes(event.type) || !everParties(event, ledger).includes(event.metadata.actor.agency),

  'versions are numbered from 1 without gaps, and only the last may wait': ({ after }) =>
    allVersions(after).every((versions) => versions.every(({ version, status }, index) => version === index + 1 && (status !== 'proposed' || index === versions.length - 1))),

  'what was approved stays as it was approved': ({ before, after }) =>
    allVersions(before).flat().filter(({ status }) => status === 'approved').every((kept) => allVersions(after).flat().includes(kept)),

  'a change of what was approved has a reason, and a correction names what it corrects': ({ after }) =>
    allVersions(after).every((versions) => versions.every(({ change, version }) => isAnswered(change, versions.filter((one) => one.version < version)))),

  'a returned version has a reason': ({ after }) => allVersions(after).flat().every(({ status, reason }) => status !== 'returned' || reason!.text.length > 0),

  'a quantitative target is in its indicator’s unit, within its bounds, due after its baseline': ({ event, ledger }) => {
    if ((event.type !== 'TargetProposed' && event.type !== 'TargetApproved') || event.data.content.kind === 'qualitative') return true;
    const { indicator, unit, value, baseline, dueOn } = event.data.content;
    const { definition } = ledger.stateOf('indicator', indicator)!;
    const values = [value, ...(baseline === 'unknown' ? [] : [baseline.value])];
    return definition!.measures === 'result' && unit === definition!.unit && values.every((one) => isWithin(one, definition!)) &&
      (baseline === 'unknown' || (baseline.on < dueOn && baseline.on <= todayOf(event)));
  },

  'observations are in their indicator’s unit, within its bounds, and not of the future': ({ event, ledger }) => {
    if (event.type !== 'ProgressSubmitted' && event.type !== 'ProgressPublished') return true;
    return event.data.content.observations.every(({ indicator, unit, value, asOf }) => {
      const { definition } = ledger.stateOf('indicator', indicator)!;
      return unit === definition!.unit && isWithin(value, definition!) && asOf <= todayOf(event);
    });
  },

  'evidence names registered agencies, and is not of the future': ({ event, ledger }) => {
    const named = 'evidence' in event.data ? [event.data.evidence] : 'content' in event.data && 'evidence' in event.data.content ? event.data.content.evidence : [];
    return named.every(({ issuer, date }) => (issuer === undefined || ledger.stateOf('agency', issuer) !== undefined) && (date === undefined || date <= todayOf(event)));
  },

  'nothing occurred in the future': ({ event }) => event.metadata.occurredOn <= todayOf(event),

  'a period ends after it starts, and not in the future': ({ event }) =>
    (event.type !== 'ProgressSubmitted' && event.type !== 'ProgressPublished') || (event.data.content.from <= event.data.content.to && event.data.content.to <= todayOf(event)),

  'an update was made against targets as they were approved by then, a correction against those of what it corrects': ({ event, before }) => {
    if (event.type !== 'ProgressSubmitted') return true;
    const { updateId, change, content: { targetVersions } } = event.data;
    const corrected = change.kind === 'correction' ? before.updates[updateId]!.versions.find(({ version }) => version === change.corrects)!.content.targetVersions : {};
    return Object.keys(corrected).every((target) => target in targetVersions) && Object.entries(targetVersions).every(
      ([target, version]) => version === (corrected[target] ?? approvedOf(before.targets[target]!.versions)!.version),
    );
  },

  'after the end nothing but corrections and review': ({ event, before }) =>
    !hasEnded(before) || AFTER_END.includes(event.type) || RETURNS.includes(event.type) || ('change' in event.data && event.data.change.kind === 'correction'),

  'a claim is proven by attached evidence that no party wrote, or says that it is self-declared': ({ event, before, ledger }) =>
    event.type !== 'CompletionClaimed' || event.data.selfDeclared !== Object.values(before.evidence).some(({ flagged, evidence: { issuer, draft, class: of } }) =>
      !flagged && !draft && of !== 'third-party-article' && (issuer === undefined ? of !== 'self-report' : !everParties(event, ledger).includes(issuer))),

  'the status follows its machine': ({ event, before, after }) => {
    const transition = transitions[event.type];
    return transition ? transition[0].includes(before.status) && transition[1] === after.status : before.status === after.status;
  },

  'who ended it says why': ({ after: { status, ending } }) =>
    hasEnded({ status }) === (ending !== undefined) && (ending === undefined || (ending.reason ?? ending.assessment)!.text.length > 0),

  'partners are others than the lead, each once': ({ after }) =>
    !partnersOf(after).includes(after.lead) && new Set(partnersOf(after)).size === partnersOf(after).length,

  'the lead and the id never change': ({ before, after }) => before.status === 'none' || (before.lead === after.lead && before.id === after.id),

  'a whole is public, another commitment and, when it is chosen, no part itself': ({ event, before, ledger }) => {
    if (!('content' in event.data) || !('actionLines' in event.data.content) || event.data.content.partOf === undefined) return true;
    const whole = ledger.stateOf('commitment', event.data.content.partOf)!;
    return event.data.content.partOf !== before.id && isPublic(whole) && approvedOf(whole.versions)!.content.partOf === undefined;
  },

  'a milestone that was reached stays in the content': ({ after }) =>
    Object.keys(after.milestones).every((reached) => approvedOf(after.versions)!.content.milestones.some(({ milestoneId }) => milestoneId === reached)),

  'records are never deleted': ({ before, after }) =>
    (['targets', 'updates', 'obstacles', 'evidence', 'findings', 'milestones'] as const).every((kind) => Object.keys(before[kind]).every((id) => id in after[kind])) &&
    before.partners.every(({ agency, joinedOn }, index) => after.partners[index]!.agency === agency && after.partners[index]!.joinedOn === joinedOn),

  'the secretariat names what it transcribes, and nobody else transcribes': ({ event: { metadata } }) =>
    (metadata.actor.role === 'secretariat') === (metadata.transcribedFrom !== undefined),

  'what follows a draft happens once it is registered': ({ event, after }) => isPublic(after) || event.type in transitions,
};

function eachHappening(seeds: readonly number[], look: (happening: Happening) => void): void {
  const states = new Map<string, CommitmentState>();
  playLife(seeds, ({ events }, ledger) => {
    for (const event of events as CommitmentEvent[]) {
      if (!event.stream.startsWith('commitment-')) continue;
      const before = states.get(event.stream) ?? noCommitment;
      const after = ledger.stateOf('commitment', event.stream.slice('commitment-'.length))!;
      states.set(event.stream, after);
      look({ event, before, after, ledger });
    }
  });
}

function refusalOf({ sent }: LivedStep, ledger: LedgerInMemory): unknown {
  try {
    return ledger.decide(sent);
  } catch (error) {
    return (error as { errors: unknown }).errors;
  }
}

function isApproval({ type }: RecordedEvent): boolean {
  return ['CommitmentRegistered', 'CommitmentAmended', 'TargetApproved', 'ProgressPublished'].includes(type);
}

function decidedVersion(event: CommitmentEvent): number | undefined {
  return 'version' in event.data && (isApproval(event) || RETURNS.includes(event.type)) ? event.data.version : undefined;
}

/** The versions that an event is about. */
function versionsOf(commitment: CommitmentState, { data }: CommitmentEvent): Versions<unknown> {
  if ('targetId' in data) return commitment.targets[data.targetId]!.versions;
  if ('updateId' in data) return commitment.updates[data.updateId]!.versions;
  return commitment.versions;
}

function allVersions({ versions, targets, updates }: CommitmentState): Versions<unknown>[] {
  return [versions, ...Object.values(targets).map((target) => target.versions), ...Object.values(updates).map((update) => update.versions)];
}

function isAnswered(change: Change, earlier: Versions<unknown>): boolean {
  if (change.kind === 'new') return !earlier.some(({ status }) => status === 'approved');
  const isKnown = change.kind === 'revision' || earlier.some(({ version, status }) => version === change.corrects && status === 'approved');
  return change.reason.text.length > 0 && isKnown;
}

function isWithin({ low, high = low }: { low: string; high?: string | undefined }, { min, max }: { min: string | null; max: string | null }): boolean {
  return (min === null || compareDecimals(low, min) >= 0) && (max === null || compareDecimals(high, max) <= 0);
}

/** The lead and whoever joined until then, as the log tells it. */
function everParties({ stream, position }: RecordedEvent, { log }: LedgerInMemory): string[] {
  const until = (log as CommitmentEvent[]).filter((event) => event.stream === stream && event.position < position);
  return until.flatMap(({ type, data }) => (type === 'CommitmentSubmitted' ? data.lead : type === 'PartnerJoined' ? data.agency : []));
}

function todayOf({ recordedAt }: RecordedEvent): string {
  return recordedAt.slice(0, 10);
}

function streamsOf(ledger: LedgerInMemory): string[] {
  return [...new Set(ledger.log.map(({ stream }) => stream))];
}

function splitStream(stream: string): ['commitment', string] {
  const dash = stream.indexOf('-');
  return [stream.slice(0, dash) as 'commitment', stream.slice(dash + 1)];
}

/** Cheaper than an expectation for each of a million questions. */
function check(holds: boolean, law: string): void {
  if (!holds) throw new Error(`it does not hold that ${law}`);
}

/** Neither keys that are undefined nor the order of keys matter. */
function same(actual: unknown, expected: unknown, law: string): void {
  if (isDeepStrictEqual(throughJson(actual), throughJson(expected))) return;
  expect(actual).toEqual(expected);
  throw new Error(`it does not hold that ${law}`);
}

function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
