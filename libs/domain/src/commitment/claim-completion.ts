import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import type { Evidence } from './content.ts';
import { CommitmentPath, requireNotBefore, requireStatus } from './rules.ts';
import { everPartiesOf, type CommitmentState } from './state.ts';
import { approvedOf } from './versions.ts';

/**
 * Proven by attached evidence, or self-declared. Evidence inside the content or an update is shown with it and proves
 * nothing, for no reviewer can flag it there.
 */
export const CompletionClaimed = publicEvent('CompletionClaimed', z.strictObject({ statement: Text, selfDeclared: z.boolean() }));

export const claimCompletion = useCase({
  name: 'ClaimCompletion',
  category: 'commitment',
  path: CommitmentPath,
  body: z.strictObject({ statement: Text, selfDeclared: z.boolean().default(false) }),
  decide({ statement, selfDeclared }, commitment, context) {
    requireStatus(commitment, 'active');
    requireNotBefore(context, approvedOf(commitment.versions)!.content.startOn);
    const proven = Object.values(commitment.evidence).some(({ evidence, flagged }) => !flagged && isIndependent(evidence, commitment));
    if (!proven && !selfDeclared) refuse('COMPLETION.NEEDS_INDEPENDENT_EVIDENCE', '/selfDeclared');
    return [{ type: 'CompletionClaimed', data: { statement, selfDeclared: !proven } }];
  },
});

/** Nobody knows whose self-report one without an issuer is. */
function isIndependent({ issuer, class: kind, draft }: Evidence, commitment: CommitmentState): boolean {
  if (draft || kind === 'third-party-article') return false;
  return issuer === undefined ? kind !== 'self-report' : !everPartiesOf(commitment).includes(issuer);
}
