import { z } from 'zod';
import { publicEvent } from '../event.ts';
import { refuse } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { AgencyCode } from '../values.ts';
import { ReportedProgress } from './content.ts';
import { checkProgress, CommitmentPath, progressNeeds, requireOpenOrCorrection, requirePublic } from './rules.ts';
import { Change, decidable, pendingOf, VersionNumber } from './versions.ts';

export const ProgressPublished = publicEvent(
  'ProgressPublished',
  z.strictObject({ updateId: z.uuid(), version: z.int(), change: Change, agency: AgencyCode, content: ReportedProgress }),
);

export const publishProgress = useCase({
  name: 'PublishProgress',
  category: 'commitment',
  path: CommitmentPath.extend({ update: z.uuid(), version: VersionNumber }),
  body: z.strictObject({}),
  needs: ({ update }, { updates }) => {
    const pending = pendingOf(updates[update]?.versions ?? []);
    return pending ? progressNeeds(pending.content) : [];
  },
  decide({ update: updateId, version }, commitment, context) {
    requirePublic(commitment);
    const update = commitment.updates[updateId] ?? refuse('PROGRESS.UNKNOWN');
    if (update.status === 'retracted') refuse('PROGRESS.STATUS', '', 'it is retracted');
    const { change, content } = decidable(update.versions, version, context);
    requireOpenOrCorrection(commitment, change);
    checkProgress(content, context);
    return [{ type: 'ProgressPublished', data: { updateId, version, change, agency: update.agency, content } }];
  },
});
