import { z } from 'zod';
import { restrictedEvent } from '../event.ts';
import { Refusals } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { Text } from '../values.ts';
import { checkAbout, CommitmentPath, requireOutsideReviewer, requirePublic, requireRoom } from './rules.ts';

/** Seen by the parties, reviewers and the secretariat until it is answered. */
export const FindingRaised = restrictedEvent(
  'FindingRaised',
  z.strictObject({ findingId: z.uuid(), about: z.string().max(60).optional(), finding: Text }),
);

export const raiseFinding = useCase({
  name: 'RaiseFinding',
  category: 'commitment',
  path: CommitmentPath,
  body: FindingRaised.data.pick({ about: true, finding: true }),
  decide({ about, finding }, commitment, context) {
    requirePublic(commitment);
    requireOutsideReviewer(commitment, context);
    requireRoom(commitment.findings);
    const wrong = new Refusals();
    checkAbout(wrong, commitment, about);
    wrong.throwIfAny();
    return [{ type: 'FindingRaised', data: { findingId: context.newId('finding'), about, finding } }];
  },
});
