import { z } from 'zod';
import { refuse, Refusals } from '../refusal.ts';
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
    const wrong = new Refusals();
    const version = wrong.gather(() => nextVersion(target.versions, change))!;
    wrong.gather(() => checkTarget(content, context));
    wrong.throwIfAny();
    return [{ type: 'TargetProposed', data: { targetId, version, change, content } }];
  },
});
