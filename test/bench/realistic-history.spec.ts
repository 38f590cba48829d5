import type { RecordedEvent } from '#domain/event.ts';
import { requireKnown } from '#domain/events.ts';
import { realisticHistory } from './realistic-history.ts';

const history = [...realisticHistory({ seed: 1, events: 6_000 })];

test('every event holds what its schema allows, with nothing that reading would change', () => {
  for (const event of history) {
    const json: unknown = JSON.parse(JSON.stringify(event.data));
    expect(requireKnown(event).data.parse(json)).toEqual(json);
  }
});

test('is a log: positions and each stream\'s revisions are dense, days never go back', () => {
  const revisions = new Map<string, number>();
  history.forEach(({ stream, revision, position }, index) => {
    expect([position, revision]).toEqual([index + 1, (revisions.get(stream) ?? 0) + 1]);
    revisions.set(stream, revision);
  });
  const days = history.map(({ metadata }) => metadata.occurredOn);
  expect(days.toSorted()).toEqual(days);
});

test('has what a real ledger has, in about those parts', () => {
  const registered = of('CommitmentRegistered').length;
  const targeted = new Set(of('TargetApproved').map(({ stream }) => stream)).size;
  const corrected = of('ProgressPublished').filter(({ data }) => (data as { change: { kind: string } }).change.kind === 'correction').length;
  expect(targeted / registered).toBeGreaterThan(0.25);
  expect(targeted / registered).toBeLessThan(0.42);
  expect(corrected / of('ProgressPublished').length).toBeGreaterThan(0.03);
  expect(corrected / of('ProgressPublished').length).toBeLessThan(0.07);
  for (const type of ['ProgressVerified', 'DisputeResolved', 'ObstacleReported', 'EvidenceAttached', 'FindingClosed', 'CommitmentAmended', 'CommitmentClosed', 'PartnerJoined'])
    expect([type, of(type).length > 0]).toEqual([type, true]);
  const bytes = of('ProgressPublished').map(({ data }) => JSON.stringify(data).length);
  expect(Math.min(...bytes)).toBeGreaterThan(290);
  expect(Math.max(...bytes)).toBeLessThan(6_000);
});

test('the same seed gives the same, another another', () => {
  expect([...realisticHistory({ seed: 1, events: 6_000 })]).toEqual(history);
  expect([...realisticHistory({ seed: 2, events: 500 })].at(-1)).not.toEqual(history[499]);
});

function of(type: string): RecordedEvent[] {
  return history.filter((event) => event.type === type);
}
