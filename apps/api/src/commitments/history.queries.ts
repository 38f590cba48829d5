import { z } from 'zod';
import { commitmentStream, type CommitmentEvent } from '#domain/commitment/commitment.ts';
import { CommitmentPath } from '#domain/commitment/rules.ts';
import type { CommitmentState } from '#domain/commitment/state.ts';
import { Actor } from '#domain/event.ts';
import { eventType } from '#domain/events.ts';
import { PlainDate, Text, TranscribedFrom } from '#domain/values.ts';
import { limitOf, minPosition, wholeNumber } from '../queries/query-parameters.ts';
import { queryRoute } from '../queries/query-route.ts';
import type { Streams } from '../streams.ts';
import { changesOf } from './history-changes.ts';
import { summaryOf } from './history-summary.ts';
import { visibleCommitment } from './visible-commitment.ts';

/** What happened to a commitment, oldest first. */

const HistoryItem = z
  .object({
    position: z.int(),
    revision: z.int().describe('Has gaps for those who see public events alone'),
    type: z.string(),
    recordedAt: z.iso.datetime(),
    occurredOn: PlainDate,
    actor: Actor,
    subjectId: z.string().describe('The thing that the event is about: the commitment, or a record under it'),
    summary: z.string(),
    changes: z.array(
      z.object({
        field: z.string().describe('JSON pointer into the thing that the event is about'),
        from: z.unknown(),
        to: z.unknown(),
      }),
    ),
    reason: Text.nullable(),
    transcribedFrom: TranscribedFrom.nullable(),
  })
  .meta({ id: 'HistoryItem' });

export const historyQueries = [
  queryRoute(
    {
      name: 'GetCommitmentHistory',
      url: 'commitments/:id/history',
      summary: 'Who changed what, when and why; everyone sees what is public, parties, reviewers and the secretariat all of it',
      path: CommitmentPath,
      query: z.strictObject({ after: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0).describe('`next` of the page before: a revision'), limit: limitOf(100, 1000), minPosition }),
      answer: z.object({
        items: z.array(HistoryItem),
        next: z.int().nullable().describe('Give it as `after`; null at the end'),
        revision: z.int(),
        position: z.int(),
      }),
    },
    async ({ path, query, actor }, sources) => {
      await sources.logHas(query.minPosition);
      const { seesAll, revision, position } = await visibleCommitment(sources, path.id, actor);
      const items: z.output<typeof HistoryItem>[] = [];
      for await (const one of historyOf(sources.streams, `commitment-${path.id}`, seesAll, position)) {
        if (one.event.revision <= query.after) continue;
        // One more than the page: there is a next one.
        if (items.length === query.limit) return { items, next: items.at(-1)!.revision, revision, position };
        items.push(historyItem(one));
      }
      return { items, next: null, revision, position };
    },
  ),
];

interface Step {
  event: CommitmentEvent;
  before: CommitmentState;
  after: CommitmentState;
}

/**
 * The stream's events with the state around each; of the public events alone for those who see no others. Not above the
 * position up to which the stream was folded: there every event is one that this build knows.
 */
async function* historyOf(streams: Streams, stream: string, seesAll: boolean, upToPosition: number): AsyncGenerator<Step> {
  let state = commitmentStream.initial;
  for await (const events of streams.pages(stream, { upToPosition })) {
    for (const event of events as CommitmentEvent[]) {
      if (!seesAll && !eventType(event.type)!.public) continue;
      const before = state;
      state = commitmentStream.evolve(before, event);
      yield { event, before, after: state };
    }
  }
}

function historyItem({ event, before, after }: Step): z.output<typeof HistoryItem> {
  const { actor, occurredOn, transcribedFrom } = event.metadata;
  return {
    position: event.position,
    revision: event.revision,
    type: event.type,
    recordedAt: event.recordedAt,
    occurredOn,
    actor,
    subjectId: commitmentStream.subject(after, event).id,
    summary: summaryOf(event, after),
    changes: changesOf(event, before, after),
    reason: reasonOf(event),
    transcribedFrom: transcribedFrom ?? null,
  };
}

function reasonOf({ data }: CommitmentEvent): Text | null {
  if ('reason' in data) return data.reason ?? null;
  return 'change' in data && data.change.kind !== 'new' ? data.change.reason : null;
}
