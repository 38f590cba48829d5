import { logOf, the } from '#testing/given.ts';
import { fold } from '#testing/ledger-in-memory.ts';
import { everything } from '#testing/scenes.ts';
import { UnknownEventError, type RecordedEvent } from './event.ts';
import { eventType, eventTypes, requireKnown, type LedgerEvent } from './events.ts';
import { streams } from './streams.ts';
import type { Category } from './use-case.ts';

const log = logOf(everything);
const types = Object.entries(eventTypes).flatMap(([category, ofCategory]) => ofCategory.map(({ type }) => [type as string, category as Category] as const));
const streamsOf = (category: Category) => [...new Set(log.map(({ stream }) => stream))].filter((stream) => stream.startsWith(`${category}-`));

test('names are unique across categories', () => {
  const names = types.map(([type]) => type);
  expect(new Set(names).size).toBe(names.length);
});

test.each(types)('%s is found by its name, of a %s, and happens', (type, category) => {
  expect(eventType(type)).toMatchObject({ type, category });
  expect(log.some((event) => event.type === type)).toBe(true);
});

test('what the log says of itself is known, restricted, and of no category that is folded', () => {
  expect(eventType('LogRestored')).toMatchObject({ public: false, category: 'log' });
  expect(eventTypes).not.toHaveProperty('log');
});

test('one that newer software wrote is not found', () => {
  expect(eventType('ForumHeld')).toBeUndefined();
  expect(eventType('constructor')).toBeUndefined();
});

test('of an event to look at, type and version are known, or it is refused by name', () => {
  const [event] = log;
  const newer = { ...event!, metadata: { ...event!.metadata, schemaVersion: 2 } };
  expect(requireKnown(event!)).toMatchObject({ type: event!.type });
  expect(() => requireKnown({ ...event!, type: 'constructor' })).toThrow(UnknownEventError);
  expect(() => requireKnown(newer)).toThrow(UnknownEventError);
  expect(() => requireKnown(newer)).toThrow(`version 2 of ${event!.type} is newer than this program`);
});

test.each(types)('%s changes the state of its %s', (type, category) => {
  const changes = streamsOf(category).flatMap((stream) => {
    const events = log.filter((event) => event.stream === stream);
    return events.flatMap((event, index) => (event.type === type ? [[fold(category, events.slice(0, index)), fold(category, events.slice(0, index + 1))]] : []));
  });
  for (const [before, after] of changes) expect(after).not.toEqual(before);
  expect(changes.length).toBeGreaterThan(0);
});

/** What a command is answered with: the thing that it made or changed, and that thing's status after it. */
const answers: Record<LedgerEvent['type'], [id: string, status: string]> = {
  AgencyRegistered: ['UNDESA', 'registered'],
  AgencyRenamed: ['FAO', 'registered'],
  ActionLineDefined: ['C1', 'defined'],
  ActionLineRetitled: ['C7-eGov', 'defined'],
  SdgLinksSet: ['C7-eGov', 'defined'],
  FacilitatorAssigned: ['C7-eGov', 'defined'],
  FacilitatorRelieved: ['C4', 'defined'],
  IndicatorDefined: ['LOSI.cities', 'defined'],
  IndicatorRevised: ['offline', 'defined'],
  CommitmentSubmitted: [the('commitment'), 'submitted'],
  CommitmentReturned: [the('commitment'), 'returned'],
  CommitmentResubmitted: [the('commitment'), 'submitted'],
  CommitmentDiscarded: [the('commitment', 4), 'discarded'],
  CommitmentRegistered: [the('commitment'), 'registered'],
  CommitmentStarted: [the('commitment'), 'active'],
  CommitmentSuspended: [the('commitment'), 'suspended'],
  CommitmentResumed: [the('commitment'), 'active'],
  CompletionClaimed: [the('commitment'), 'completion-claimed'],
  CompletionDeclined: [the('commitment'), 'active'],
  CommitmentClosed: [the('commitment'), 'closed'],
  CommitmentWithdrawn: [the('commitment', 3), 'withdrawn'],
  CommitmentSuperseded: [the('commitment', 2), 'superseded'],
  AmendmentProposed: ['3', 'proposed'],
  AmendmentReturned: ['3', 'returned'],
  CommitmentAmended: ['4', 'approved'],
  PartnerJoined: [the('commitment'), 'active'],
  PartnerLeft: [the('commitment', 2), 'registered'],
  TargetProposed: [the('target'), 'proposed'],
  TargetReturned: [the('target'), 'returned'],
  TargetApproved: [the('target'), 'approved'],
  MilestoneReached: ['survey-2022', 'reached'],
  ProgressSubmitted: [the('update'), 'proposed'],
  ProgressReturned: [the('update'), 'returned'],
  ProgressPublished: [the('update'), 'published'],
  ProgressVerified: [the('update'), 'verified'],
  ProgressDisputed: [the('update'), 'disputed'],
  DisputeResolved: [the('update'), 'resolved'],
  ProgressRetracted: [the('update', 2), 'retracted'],
  ObstacleReported: [the('obstacle'), 'reported'],
  ObstacleResolved: [the('obstacle'), 'resolved'],
  EvidenceAttached: [the('evidence'), 'reported'],
  EvidenceFlagged: [the('evidence'), 'flagged'],
  FindingRaised: [the('finding'), 'raised'],
  FindingAnswered: [the('finding'), 'answered'],
  FindingClosed: [the('finding'), 'closed'],
};

test.each(types)('%s is answered with what it made or changed, of a %s', (type, category) => {
  const first = log.find((event) => event.type === type)!;
  const state = fold(category, log.filter(({ stream, position }) => stream === first.stream && position <= first.position));
  const { subject } = streams[category] as unknown as { subject(after: unknown, event: RecordedEvent): { id: string; status: string } };
  const [id, status] = answers[type as LedgerEvent['type']];
  expect(subject(state, first)).toEqual({ id, status });
});

test.each(Object.keys(eventTypes) as Category[])('a %s does not fold an event that it does not know: newer software wrote it', (category) => {
  const unknown = { ...log[0]!, type: 'ForumHeld' };
  expect(() => fold(category, [unknown])).toThrow(UnknownEventError);
  expect(() => fold(category, [unknown])).toThrow('this program does not know the type ForumHeld');
});

test('what is drafted, proposed, returned or discarded is restricted; everything else is public', () => {
  const restricted = Object.values(eventTypes).flat().filter((type) => !type.public).map(({ type }) => type);
  expect(restricted.sort()).toEqual([
    'AmendmentProposed', 'AmendmentReturned', 'CommitmentDiscarded', 'CommitmentResubmitted', 'CommitmentReturned', 'CommitmentSubmitted', 'FindingRaised',
    'ProgressReturned', 'ProgressSubmitted', 'TargetProposed', 'TargetReturned',
  ]);
});
