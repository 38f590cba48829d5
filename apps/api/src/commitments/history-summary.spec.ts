import { commitmentStream, type CommitmentEvent } from '#domain/commitment/commitment.ts';
import type { CommitmentState } from '#domain/commitment/state.ts';
import { eventTypes } from '#domain/events.ts';
import { logOf } from '#testing/given.ts';
import { everything } from '#testing/scenes.ts';
import { summaryOf } from './history-summary.ts';

const told = sentences((event) => event);

test('every event type is told in a plain sentence', () => {
  expect([...new Set(told.map(({ type }) => type))].sort()).toEqual(eventTypes.commitment.map(({ type }) => type).sort());
  expect(Object.fromEntries(told.map(({ type, sentence }) => [type, sentence]))).toEqual({
    CommitmentSubmitted: 'Commitment submitted for UNDESA, by UNDESA: “A fourth survey”',
    CommitmentReturned: 'Commitment returned (version 1), by UNDESA: Name the edition',
    CommitmentResubmitted: 'Commitment submitted again (version 2), by UNDESA: “E-Government Survey 2022”',
    CommitmentRegistered: 'Commitment of UNDESA registered, approved by UNDESA: “A third survey”',
    CommitmentDiscarded: 'Commitment discarded before registration, by UNDESA: Entered twice',
    CommitmentStarted: 'Work on the commitment started, by UNDESA',
    CommitmentSuspended: 'Commitment suspended, by UNDESA: No funds',
    CommitmentResumed: 'Commitment resumed, by UNDESA',
    CompletionClaimed: 'Completion claimed, by UNDESA: It is complete',
    CompletionDeclined: 'Claim of completion declined, by FAO: Two chapters are missing',
    CommitmentClosed: 'Commitment closed (completed), by FAO: Seen in print',
    CommitmentWithdrawn: 'Commitment withdrawn, by UNDESA: No funds',
    CommitmentSuperseded: expect.stringMatching(/^Commitment superseded by commitment [0-9a-f-]{36}, by UNDESA: Merged$/),
    AmendmentProposed: 'Amendment proposed (version 4, a revision), by UNDESA: More time',
    AmendmentReturned: 'Amendment returned (version 3), by UNDESA: One year is enough',
    CommitmentAmended: 'Commitment amended (version 4, a revision), approved by UNDESA: More time',
    PartnerJoined: 'UNDP joined as a partner, by UNDP',
    PartnerLeft: 'UNDP left, by UNDP: Merged',
    TargetProposed: 'Target proposed (version 2), by UNDESA: 193 cities by 2022-12-31 (LOSI.cities)',
    TargetReturned: 'Target returned (version 1), by UNDESA: All members of the United Nations',
    TargetApproved: 'Target set (version 2), approved by UNDESA: 193 cities by 2022-12-31 (LOSI.cities)',
    MilestoneReached: 'Milestone survey-2022 reached on 2022-09-28, by UNDESA',
    ProgressSubmitted: 'Progress update submitted for UNDESA (version 1), by UNDESA: 2021-01-01 to 2022-09-30, A workshop was held',
    ProgressReturned: 'Progress update returned (version 1), by UNDESA: Count again',
    ProgressPublished: 'Progress update published (version 1), approved by UNDESA: 2021-01-01 to 2022-09-30, A workshop was held',
    ProgressVerified: 'Progress update for 2021-01-01 to 2022-09-30 verified (version 2), by FAO: As printed',
    ProgressDisputed: 'Progress update for 2021-01-01 to 2022-09-30 disputed, by FAO: The annex says 145',
    DisputeResolved: 'Dispute about the progress update for 2021-01-01 to 2022-09-30 resolved, by FAO: The annex was older',
    ProgressRetracted: 'Progress update for 2021-01-01 to 2022-09-30 retracted, by UNDESA: It was held by others',
    ObstacleReported: 'Obstacle reported for UNDESA, by UNDESA: Demand outgrows funds',
    ObstacleResolved: 'Obstacle resolved, by UNDESA: Funds were found',
    EvidenceAttached: 'Evidence attached (official-paper), by UNDESA: “Assessment of local online services”',
    EvidenceFlagged: 'Evidence “Assessment of local online services” flagged: it proves nothing any more, by FAO: It is about 2018',
    FindingRaised: 'Finding raised, by FAO: No source is named for the baseline',
    FindingAnswered: 'Finding of 2023-06-01 answered, by UNDESA: The survey of 2020',
    FindingClosed: 'Finding closed, by FAO: Seen',
  });
});

test('what was transcribed says from where, and never that anybody approved it or did it', () => {
  const transcribed = sentences((event) => ({
    ...event,
    metadata: { ...event.metadata, actor: { id: 'secretariat-1', agency: 'UNCTAD', role: 'secretariat' }, transcribedFrom: { document: 'UNDESA submission', place: 'Part Three' } },
  }));
  for (const { sentence } of transcribed) {
    expect(sentence).toContain(', transcribed from UNDESA submission, Part Three');
    expect(sentence).not.toMatch(/approved|by UNDESA|by UNCTAD/);
  }
  expect(transcribed.map(({ sentence }) => sentence)).toContain('Commitment of UNDESA registered, transcribed from UNDESA submission, Part Three: “E-Government Survey 2022”');
});

test('a correction names what it corrects, values keep their qualifiers, long texts are cut, an update that was not assessed says why', () => {
  const published = told.find(({ event }) => event.type === 'ProgressPublished')!;
  const { data } = published.event as Extract<CommitmentEvent, { type: 'ProgressPublished' }>;
  const as = (changes: object) => summaryOf({ ...published.event, data: { ...data, ...changes } } as CommitmentEvent, published.after);
  const text = (words: string) => ({ text: words, language: 'en' });

  const value = { low: '14', high: '15', qualifier: 'about', provisional: true };
  const observations = [{ ...data.content.observations[0]!, value }, data.content.observations[0]!];
  expect(as({ version: 3, change: { kind: 'correction', corrects: 2, reason: text('Miscounted') }, content: { ...data.content, observations } })).toBe(
    'Progress update published (version 3, a correction of version 2), approved by UNDESA: 2021-01-01 to 2022-09-30, about 14 to 15 (provisional) cities as of 2022-09-28 (LOSI.cities) and 1 more',
  );
  expect(as({ content: { ...data.content, observations: [], notAssessed: text('The  survey\nis late') } })).toMatch(/: 2021-01-01 to 2022-09-30, not assessed because The survey is late$/);
  expect(as({ content: { ...data.content, observations: [], narrative: [{ part: 'one', text: text('long '.repeat(200)) }] } })).toMatch(/long…$/);
});

/** The events of a commitment's whole life, told. */
function sentences(change: (event: CommitmentEvent) => CommitmentEvent): { type: string; sentence: string; event: CommitmentEvent; after: CommitmentState }[] {
  const states = new Map<string, CommitmentState>();
  return (logOf(everything) as CommitmentEvent[])
    .filter(({ stream }) => stream.startsWith('commitment-'))
    .map((event) => {
      const after = commitmentStream.evolve(states.get(event.stream) ?? commitmentStream.initial, event);
      states.set(event.stream, after);
      return { type: event.type, sentence: summaryOf(change(event), after), event, after };
    });
}
