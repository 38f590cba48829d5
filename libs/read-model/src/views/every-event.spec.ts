import { eventType, eventTypes } from '#domain/events.ts';
import { UnknownEventError } from '#domain/event.ts';
import { logOf } from '#testing/given.ts';
import { everything } from '#testing/scenes.ts';
import { foldBatch } from '../fold-batch.ts';
import { viewSchema, type View, type ViewRow } from '../view.ts';
import { views } from '../views.ts';
import type { EventName, LedgerRow } from './ledger-view.ts';
import { folded } from './folded.fixture.ts';

/**
 * Which views care for which event. Whoever adds an event type decides here; `topics` counts whatever is public and
 * is not named.
 */
const cares: Record<EventName, string[]> = {
  AgencyRegistered: ['agencies'],
  AgencyRenamed: ['agencies'],
  ActionLineDefined: ['action_lines'],
  ActionLineRetitled: ['action_lines'],
  SdgLinksSet: ['action_lines'],
  FacilitatorAssigned: ['action_lines'],
  FacilitatorRelieved: ['action_lines'],
  IndicatorDefined: ['indicators'],
  IndicatorRevised: ['indicators'],

  CommitmentSubmitted: ['proposals'],
  CommitmentResubmitted: ['proposals'],
  CommitmentReturned: ['proposals'],
  CommitmentDiscarded: ['proposals'],
  CommitmentRegistered: ['commitments', 'milestones', 'proposals'],
  AmendmentProposed: ['proposals'],
  AmendmentReturned: ['proposals'],
  CommitmentAmended: ['commitments', 'milestones', 'proposals'],
  CommitmentStarted: ['commitments'],
  CommitmentSuspended: ['commitments'],
  CommitmentResumed: ['commitments'],
  CompletionClaimed: ['commitments'],
  CompletionDeclined: ['commitments'],
  CommitmentClosed: ['commitments'],
  CommitmentWithdrawn: ['commitments'],
  CommitmentSuperseded: ['commitments'],
  PartnerJoined: ['commitments'],
  PartnerLeft: ['commitments'],
  TargetProposed: ['proposals'],
  TargetReturned: ['proposals'],
  TargetApproved: ['commitments', 'targets', 'proposals'],
  MilestoneReached: ['commitments', 'milestones'],
  ProgressSubmitted: ['proposals'],
  ProgressReturned: ['proposals'],
  ProgressPublished: ['commitments', 'progress_updates', 'proposals'],
  ProgressRetracted: ['commitments', 'progress_updates', 'proposals'],
  ProgressVerified: ['commitments', 'progress_updates'],
  ProgressDisputed: ['commitments', 'progress_updates'],
  DisputeResolved: ['commitments', 'progress_updates'],
  ObstacleReported: ['commitments', 'obstacles'],
  ObstacleResolved: ['commitments', 'obstacles'],
  EvidenceAttached: ['commitments', 'evidence'],
  EvidenceFlagged: ['commitments', 'evidence'],
  FindingRaised: ['proposals'],
  FindingAnswered: ['commitments', 'findings', 'proposals'],
  FindingClosed: ['commitments', 'findings'],
};

const log = logOf(everything);
const publicLog = log.filter(({ type }) => eventType(type)!.public);
const names = Object.values(eventTypes).flatMap((types) => types.map(({ type }) => type as EventName));

test('every event type is decided about, and happens in the log that these tests fold', () => {
  expect(Object.keys(cares).sort()).toEqual([...names].sort());
  expect([...new Set(log.map(({ type }) => type))].sort()).toEqual([...names].sort());
});

test.each(names)('%s is folded by every view that cares, and by no other', (name) => {
  const expected = [...cares[name], ...(eventType(name)!.public ? ['topics'] : [])];
  for (const event of log.filter(({ type }) => type === name))
    expect(views.filter((view) => view.keys(event).length > 0).map((view) => view.name).sort()).toEqual(expected.sort());
});

test.each(views.map((view) => [view.name, view] as const))('%s: each event that it cares for changes its row, which tells of it', (_, view) => {
  const rows = new Map<string, ViewRow>();
  let told = 0;
  for (const event of log) {
    for (const { id, before, after } of foldBatch(view, rows, [event])) {
      if (after) rows.set(id, after);
      else rows.delete(id);
      if (!after) continue;
      expect(after).not.toEqual(before);
      expect(after).toMatchObject({ id, updatedAt: event.recordedAt, updatedPosition: event.position } satisfies LedgerRow);
      told += 1;
    }
  }
  expect(told).toBeGreaterThan(0);
});

test.each(views.filter(({ name }) => name !== 'proposals').map((view) => [view.name, view] as const))(
  '%s shows what is public alone: it is the same where nothing else ever happened',
  (_, view) => {
    expect(folded(view, publicLog)).toEqual(folded(view, log));
  },
);

test.each(views.map((view) => [view.name, view] as const))('%s does not step over an event that newer software wrote', (_, view) => {
  expect(() => view.keys({ ...log[0]!, type: 'CommitmentMoved' })).toThrow(UnknownEventError);
  expect(() => view.keys({ ...log[0]!, metadata: { ...log[0]!.metadata, schemaVersion: 2 } })).toThrow(UnknownEventError);
});

test('an event about a row that is not there is an error that says where', () => {
  const started = log.find(({ type }) => type === 'CommitmentStarted')!;
  const commitments = views.find(({ name }) => name === 'commitments')!;
  expect(() => foldBatch(commitments, new Map(), [started])).toThrow(`CommitmentStarted at position ${started.position} is about a row that is not there`);
});

test('every view has tables of its own', () => {
  expect(new Set(views.map((view: View) => viewSchema(view))).size).toBe(views.length);
});
