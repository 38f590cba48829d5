import { Checkpoints1700000000001 } from './1700000000001-checkpoints.ts';

/** In the order in which they run. */
export const migrations = [Checkpoints1700000000001];
