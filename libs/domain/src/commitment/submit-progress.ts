import { z } from 'zod';
import { restrictedEvent } from '../event.ts';
import { useCase } from '../use-case.ts';
import { AgencyCode } from '../values.ts';
import { ProgressContent, ReportedProgress } from './content.ts';
import { checkProgress, CommitmentPath, progressNeeds, reported, requireOpen, requireRoom, UPDATES_MAX } from './rules.ts';
import { Change } from './versions.ts';

/** Of a new update and of each later version. */
export const ProgressSubmitted = restrictedEvent(
  'ProgressSubmitted',
  z.strictObject({ updateId: z.uuid(), version: z.int(), change: Change, agency: AgencyCode, content: ReportedProgress }),
);

export const submitProgress = useCase({
  name: 'SubmitProgress',
  category: 'commitment',
  path: CommitmentPath,
  body: z.strictObject({ content: ProgressContent }),
  needs: ({ content }) => progressNeeds(content),
  decide({ content }, commitment, context) {
    requireOpen(commitment);
    requireRoom(commitment.updates, UPDATES_MAX);
    checkProgress(content, context);
    const { actor, newId } = context;
    const agency = actor.role === 'secretariat' ? commitment.lead : actor.agency;
    return [
      {
        type: 'ProgressSubmitted',
        data: { updateId: newId('update'), version: 1, change: { kind: 'new' }, agency, content: reported(content, commitment) },
      },
    ];
  },
});
