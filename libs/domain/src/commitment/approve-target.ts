import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { TargetContent } from './content.ts';
import { checkTarget, targetNeeds } from './propose-target.ts';
import { CommitmentPath, requireOpenOrCorrection, requirePublic } from './rules.ts';
import { Change, decidable, pendingOf, VersionNumber } from './versions.ts';

export const TargetApproved = publicEvent(
  'TargetApproved',
  z.strictObject({
    targetId: z.uuid(),
    version: z.int(),
    change: Change,
    content: TargetContent,
    /** What the approval relied on; null for a qualitative target. */
    indicator: z.strictObject({ revision: z.int(), direction: z.enum(['rising', 'falling']) }).nullable(),
  }),
);

export const approveTarget = useCase({
  name: 'ApproveTarget',
  category: 'commitment',
  path: CommitmentPath.extend({ target: z.uuid(), version: VersionNumber }),
  body: z.strictObject({}),
  needs: ({ target }, { targets }) => {
    const pending = pendingOf(targets[target]?.versions ?? []);
    return pending ? targetNeeds(pending.content) : [];
  },
  decide({ target: targetId, version }, commitment, context) {
    requirePublic(commitment);
    const target = commitment.targets[targetId] ?? refuse('TARGET.UNKNOWN');
    const { change, content } = decidable(target.versions, version, context);
    requireOpenOrCorrection(commitment, change);
    checkTarget(content, context);
    const fact = content.kind === 'quantitative' ? context.facts.indicator(content.indicator)! : undefined;
    const indicator = fact ? { revision: fact.revision, direction: fact.definition!.direction } : null;
    return [{ type: 'TargetApproved', data: { targetId, version, change, content, indicator } }];
  },
});
