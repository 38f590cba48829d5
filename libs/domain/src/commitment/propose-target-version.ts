import { z } from 'zod';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { checkTarget, TargetProposed, targetNeeds } from './propose-target.ts';
import { CommitmentPath, requireOpenOrCorrection, requirePublic } from './rules.ts';
import { Change, nextVersion } from './versions.ts';

/** A revision or correction of what was approved, or a new try after a return. */
export const proposeTargetVersion = useCase({
  name: 'ProposeTargetVersion',
  category: 'commitment',
  path: CommitmentPath.extend({ target: z.uuid() }),
  body: TargetProposed.data.pick({ content: true }).extend({ change: Change.default({ kind: 'new' }) }),
  needs: ({ content }) => targetNeeds(content),
  decide({ target: targetId, change, content }, commitment, context) {
    requirePublic(commitment);
    requireOpenOrCorrection(commitment, change);
    const target = commitment.targets[targetId] ?? refuse('TARGET.UNKNOWN');
    checkTarget(content, context);
    return [{ type: 'TargetProposed', data: { targetId, version: nextVersion(target.versions, change), change, content } }];
  },
});
