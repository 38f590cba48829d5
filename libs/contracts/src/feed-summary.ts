import { z } from 'zod';

/** Answer of `GET /v1/feed/summary`: what a subscriber reconciles with. */
export const FeedSummary = z.object({
  /** Position of the log's last event, public or not. */
  head: z.int().min(0),
  topics: z.array(
    z.object({
      /** `wsis.commitment.v1` */
      topic: z.string(),
      /** Published events so far. */
      count: z.int().min(0),
      /** Sequence of the last one; null while there is none. */
      lastSequence: z.string().nullable(),
    }),
  ),
});
export type FeedSummary = z.infer<typeof FeedSummary>;
