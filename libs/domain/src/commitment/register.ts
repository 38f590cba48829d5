import { z } from 'zod';
import { FacilitatorAssigned } from '../action-line/assign-facilitator.ts';
import { publicEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { ActionLineCode, AgencyCode, PlainDate, Sdg } from '../values.ts';
import { CommitmentContent } from './content.ts';
import { checkContent, CommitmentPath, contentNeeds, relianceOf, requireStatus } from './rules.ts';
import { decidable } from './versions.ts';

/** What the approval relied on; see `Reliance`. */
export const RelianceSchema = z.strictObject({
  assignment: FacilitatorAssigned.data.extend({ to: PlainDate.optional(), actionLine: ActionLineCode }).nullable(),
  matrixVersions: z.record(ActionLineCode, z.string()),
  sdgsOutsideMatrix: z.array(Sdg),
});

export const CommitmentRegistered = publicEvent(
  'CommitmentRegistered',
  z.strictObject({ commitmentId: z.uuid(), lead: AgencyCode, version: z.int(), content: CommitmentContent, reliance: RelianceSchema }),
);

export const registerCommitment = useCase({
  name: 'RegisterCommitment',
  category: 'commitment',
  path: CommitmentPath,
  body: z.strictObject({}),
  needs: (_, { lead, versions }) => (versions.length > 0 ? contentNeeds(lead, versions.at(-1)!.content) : []),
  decide(_, commitment, context) {
    requireStatus(commitment, 'submitted');
    const { version, content } = decidable(commitment.versions, commitment.versions.at(-1)!.version, context);
    const { id, lead } = commitment;
    checkContent(id, lead, content, context);
    const reliance = relianceOf(lead, content, context);
    return [{ type: 'CommitmentRegistered', data: { commitmentId: id, lead, version, content, reliance } }];
  },
});
