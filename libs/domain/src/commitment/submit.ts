import { z } from 'zod';
import { restrictedEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { AgencyCode } from '../values.ts';
import { CommitmentContent } from './content.ts';
import { checkContent, contentNeeds } from './rules.ts';

export const CommitmentSubmitted = restrictedEvent(
  'CommitmentSubmitted',
  z.strictObject({ commitmentId: z.uuid(), lead: AgencyCode, version: z.int(), content: CommitmentContent }),
);

export const submitCommitment = useCase({
  name: 'SubmitCommitment',
  category: 'commitment',
  path: z.strictObject({}),
  body: CommitmentSubmitted.data.pick({ lead: true, content: true }),
  stream: (_, newId) => `commitment-${newId('commitment')}`,
  needs: ({ lead, content }) => contentNeeds(lead, content),
  decide({ lead, content }, commitment, context) {
    const commitmentId = context.newId('commitment');
    if (commitment.status !== 'none') refuse('COMMITMENT.STATUS');
    checkContent(commitmentId, lead, content, context);
    return [{ type: 'CommitmentSubmitted', data: { commitmentId, lead, version: 1, content } }];
  },
});
