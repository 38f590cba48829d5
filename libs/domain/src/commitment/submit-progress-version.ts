import { z } from 'zod';
import { refuse, Refusals } from '../refusal.ts';
import { useCase } from '../use-case.ts';
import { ProgressContent } from './content.ts';
import { checkProgress, CommitmentPath, progressNeeds, reported, requireOpenOrCorrection, requirePublic } from './rules.ts';
import { Change, nextVersion } from './versions.ts';

/** A new try after a return, or a correction of what was published. */
export const submitProgressVersion = useCase({
  name: 'SubmitProgressVersion',
  category: 'commitment',
  path: CommitmentPath.extend({ update: z.uuid() }),
  body: z.strictObject({ change: Change.default({ kind: 'new' }), content: ProgressContent }),
  needs: ({ content }) => progressNeeds(content),
  decide({ update: updateId, change, content }, commitment, context) {
    requirePublic(commitment);
    const update = commitment.updates[updateId] ?? refuse('PROGRESS.UNKNOWN');
    if (update.status === 'retracted') refuse('PROGRESS.STATUS', '', 'it is retracted');
    if (change.kind === 'revision') refuse('VERSION.CORRECTIONS_ONLY', '/change/kind');
    requireOpenOrCorrection(commitment, change);
    const wrong = new Refusals();
    const version = wrong.gather(() => nextVersion(update.versions, change))!;
    wrong.gather(() => checkProgress(content, context));
    wrong.throwIfAny();
    const corrected = change.kind === 'correction' ? update.versions.find((one) => one.version === change.corrects) : undefined;
    return [
      {
        type: 'ProgressSubmitted',
        data: { updateId, version, change, agency: update.agency, content: reported(content, commitment, corrected?.content) },
      },
    ];
  },
});
