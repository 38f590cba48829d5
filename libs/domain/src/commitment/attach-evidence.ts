import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { Refusals } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { Evidence } from './content.ts';
import { checkAbout, checkEvidence, CommitmentPath, evidenceNeeds, requirePublic, requireRoom } from './rules.ts';

/** Public at once, marked "reported". Possible after the end too: proof often comes late. */
export const EvidenceAttached = publicEvent(
  'EvidenceAttached',
  z.strictObject({
    evidenceId: z.uuid(),
    /** The update, target or milestone that it is about; the commitment itself where absent. */
    about: z.string().max(60).optional(),
    evidence: Evidence,
  }),
);

export const attachEvidence = useCase({
  name: 'AttachEvidence',
  category: 'commitment',
  path: CommitmentPath,
  body: EvidenceAttached.data.pick({ about: true, evidence: true }),
  needs: ({ evidence }) => evidenceNeeds([evidence]),
  decide({ about, evidence }, commitment, context) {
    requirePublic(commitment);
    requireRoom(commitment.evidence);
    const wrong = new Refusals();
    checkAbout(wrong, commitment, about);
    checkEvidence(wrong, '/evidence', evidence, context);
    wrong.throwIfAny();
    return [{ type: 'EvidenceAttached', data: { evidenceId: context.newId('evidence'), about, evidence } }];
  },
});
