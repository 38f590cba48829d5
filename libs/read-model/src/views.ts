import type { View } from './view.ts';
import { actionLines } from './views/action-lines.ts';
import { agencies } from './views/agencies.ts';
import { commitments } from './views/commitments.ts';
import { evidence } from './views/evidence.ts';
import { findings } from './views/findings.ts';
import { indicators } from './views/indicators.ts';
import { milestones } from './views/milestones.ts';
import { obstacles } from './views/obstacles.ts';
import { progressUpdates } from './views/progress-updates.ts';
import { proposals } from './views/proposals.ts';
import { targets } from './views/targets.ts';
import { topics } from './views/topics.ts';

/** Every view there is. */
export const views: readonly View[] = [
  commitments,
  targets,
  progressUpdates,
  milestones,
  obstacles,
  evidence,
  findings,
  proposals,
  agencies,
  actionLines,
  indicators,
  topics,
];
