import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { CommitmentPath, requireOutsideReviewer, requirePublic } from './rules.ts';

/** It stays, and proves nothing any more. */
export const EvidenceFlagged = publicEvent('EvidenceFlagged', z.strictObject({ evidenceId: z.uuid(), reason: Text }));

export const flagEvidence = useCase({
  name: 'FlagEvidence',
  category: 'commitment',
  path: CommitmentPath.extend({ evidence: z.uuid() }),
  body: EvidenceFlagged.data.pick({ reason: true }),
  decide({ evidence: evidenceId, reason }, commitment, context) {
    requirePublic(commitment);
    const attached = commitment.evidence[evidenceId] ?? refuse('EVIDENCE.UNKNOWN');
    if (attached.flagged) refuse('EVIDENCE.ALREADY_FLAGGED');
    requireOutsideReviewer(commitment, context);
    return [{ type: 'EvidenceFlagged', data: { evidenceId, reason } }];
  },
});
