import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireOpen } from './rules.ts';

export const ObstacleResolved = publicEvent('ObstacleResolved', z.strictObject({ obstacleId: z.uuid(), resolution: Text }));

export const resolveObstacle = useCase({
  name: 'ResolveObstacle',
  category: 'commitment',
  path: CommitmentPath.extend({ obstacle: z.uuid() }),
  body: ObstacleResolved.data.pick({ resolution: true }),
  decide({ obstacle: obstacleId, resolution }, commitment) {
    requireOpen(commitment);
    const obstacle = commitment.obstacles[obstacleId] ?? refuse('OBSTACLE.UNKNOWN');
    if (obstacle.resolvedOn) refuse('OBSTACLE.ALREADY_RESOLVED');
    return [{ type: 'ObstacleResolved', data: { obstacleId, resolution } }];
  },
});
