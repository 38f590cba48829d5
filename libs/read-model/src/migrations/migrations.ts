import { Checkpoints1700000000001 } from './1700000000001-checkpoints.ts';
import { Views1700000000002 } from './1700000000002-views.ts';
import { CountedCommitments1700000000003 } from './1700000000003-counted-commitments.ts';
import { ParkedEvents1700000000004 } from './1700000000004-parked-events.ts';

/** In the order in which they run. */
export const migrations = [Checkpoints1700000000001, Views1700000000002, CountedCommitments1700000000003, ParkedEvents1700000000004];
