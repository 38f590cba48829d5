import { commitmentQueries } from './commitments/commitment.queries.ts';
import { historyQueries } from './commitments/history.queries.ts';
import { feedQueries } from './feed/feed-summary.queries.ts';

/** Every query that can be made over HTTP, beside the feed. */
export const queryRoutes = [...commitmentQueries, ...historyQueries, ...feedQueries];
