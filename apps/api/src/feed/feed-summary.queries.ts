import { z } from 'zod';
import { FeedSummary } from '#contracts/feed-summary.ts';
import { topics as topicNames } from '#contracts/published.ts';
import { topicCounts } from '#read-model/queries/topic-counts.ts';
import { topics } from '#read-model/views/topics.ts';
import { minPosition } from '../queries/query-parameters.ts';
import { queryRoute } from '../queries/query-route.ts';

export const feedQueries = [
  queryRoute(
    {
      name: 'GetFeedSummary',
      url: 'feed/summary',
      summary: 'Published events and the last sequence of each topic, for subscribers to reconcile with',
      query: z.strictObject({ minPosition }),
      answer: FeedSummary.extend({ position: z.int().describe('Of the log, up to which events are counted') }),
    },
    async ({ query }, sources) => {
      const { value: counted, position } = await sources.read([topics], query.minPosition, topicCounts);
      const none = { count: 0, lastSequence: null };
      return {
        // Read after the counts: what is counted is never above it.
        head: await sources.store.head(),
        topics: topicNames.map((topic) => ({ topic, ...(counted.get(topic) ?? none) })),
        position,
      };
    },
  ),
];
