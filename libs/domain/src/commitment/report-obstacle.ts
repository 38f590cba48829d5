import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { AgencyCode, Text } from '../values.ts';
import { CommitmentPath, requireOpen, requireRoom } from './rules.ts';

/** Public at once, marked "reported". */
export const ObstacleReported = publicEvent(
  'ObstacleReported',
  z.strictObject({ obstacleId: z.uuid(), agency: AgencyCode, description: Text }),
);

export const reportObstacle = useCase({
  name: 'ReportObstacle',
  category: 'commitment',
  path: CommitmentPath,
  body: ObstacleReported.data.pick({ description: true }),
  decide({ description }, commitment, { actor, newId }) {
    requireOpen(commitment);
    requireRoom(commitment.obstacles);
    const agency = actor.role === 'secretariat' ? commitment.lead : actor.agency;
    return [{ type: 'ObstacleReported', data: { obstacleId: newId('obstacle'), agency, description } }];
  },
});
