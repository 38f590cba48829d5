import { actionLineQueries } from '../action-lines/action-line.queries.ts';
import { agencyQueries } from '../agencies/agency.queries.ts';
import { commitmentListQueries } from '../commitments/commitment-list.queries.ts';
import { commitmentQueries } from '../commitments/commitment.queries.ts';
import { historyQueries } from '../commitments/history.queries.ts';
import { recordListQueries } from '../commitments/record-lists.queries.ts';
import { feedQueries } from '../feed/feed-summary.queries.ts';
import { indicatorQueries } from '../indicators/indicator.queries.ts';
import { matrixQueries } from '../matrix/progress-matrix.queries.ts';
import { taskQueries } from '../tasks/task.queries.ts';

/** Every query that can be made over HTTP, beside the feed. */
export const queryRoutes = [
  ...agencyQueries,
  ...actionLineQueries,
  ...indicatorQueries,
  ...commitmentListQueries,
  ...commitmentQueries,
  ...historyQueries,
  ...recordListQueries,
  ...matrixQueries,
  ...taskQueries,
  ...feedQueries,
];
