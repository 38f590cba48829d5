import { answerFinding } from '#domain/commitment/answer-finding.ts';
import { approveAmendment } from '#domain/commitment/approve-amendment.ts';
import { approveTarget } from '#domain/commitment/approve-target.ts';
import { attachEvidence } from '#domain/commitment/attach-evidence.ts';
import { claimCompletion } from '#domain/commitment/claim-completion.ts';
import { closeCommitment } from '#domain/commitment/close.ts';
import { closeFinding } from '#domain/commitment/close-finding.ts';
import { declineCompletion } from '#domain/commitment/decline-completion.ts';
import { discardCommitment } from '#domain/commitment/discard.ts';
import { disputeProgress } from '#domain/commitment/dispute-progress.ts';
import { flagEvidence } from '#domain/commitment/flag-evidence.ts';
import { joinCommitment } from '#domain/commitment/join.ts';
import { leaveCommitment } from '#domain/commitment/leave.ts';
import { proposeAmendment } from '#domain/commitment/propose-amendment.ts';
import { proposeTarget } from '#domain/commitment/propose-target.ts';
import { proposeTargetVersion } from '#domain/commitment/propose-target-version.ts';
import { publishProgress } from '#domain/commitment/publish-progress.ts';
import { raiseFinding } from '#domain/commitment/raise-finding.ts';
import { reachMilestone } from '#domain/commitment/reach-milestone.ts';
import { registerCommitment } from '#domain/commitment/register.ts';
import { reportObstacle } from '#domain/commitment/report-obstacle.ts';
import { resolveDispute } from '#domain/commitment/resolve-dispute.ts';
import { resolveObstacle } from '#domain/commitment/resolve-obstacle.ts';
import { resubmitCommitment } from '#domain/commitment/resubmit.ts';
import { resumeCommitment } from '#domain/commitment/resume.ts';
import { retractProgress } from '#domain/commitment/retract-progress.ts';
import { returnAmendment } from '#domain/commitment/return-amendment.ts';
import { returnCommitment } from '#domain/commitment/return.ts';
import { returnProgress } from '#domain/commitment/return-progress.ts';
import { returnTarget } from '#domain/commitment/return-target.ts';
import { startCommitment } from '#domain/commitment/start.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import { submitProgress } from '#domain/commitment/submit-progress.ts';
import { submitProgressVersion } from '#domain/commitment/submit-progress-version.ts';
import { supersedeCommitment } from '#domain/commitment/supersede.ts';
import { suspendCommitment } from '#domain/commitment/suspend.ts';
import { verifyProgress } from '#domain/commitment/verify-progress.ts';
import { withdrawCommitment } from '#domain/commitment/withdraw.ts';
import { commandRoute } from '../commands/command-route.ts';

/** Every command to a commitment: path, who may, and how it is answered. */
export const commitmentRoutes = [
  commandRoute(submitCommitment, 'commitments', { by: 'focal-point', of: 'lead', opens: true, makes: 'commitments/:made' }),
  commandRoute(resubmitCommitment, 'commitments/:id/resubmit', { by: 'focal-point', of: 'lead', ifMatch: 'required' }),
  commandRoute(returnCommitment, 'commitments/:id/return', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(discardCommitment, 'commitments/:id/discard', { by: 'focal-point', of: 'lead', ifMatch: 'required' }),
  commandRoute(registerCommitment, 'commitments/:id/register', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(startCommitment, 'commitments/:id/start', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(suspendCommitment, 'commitments/:id/suspend', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(resumeCommitment, 'commitments/:id/resume', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(claimCompletion, 'commitments/:id/claim-completion', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(declineCompletion, 'commitments/:id/decline-completion', { by: 'reviewer', ifMatch: 'required' }),
  commandRoute(closeCommitment, 'commitments/:id/close', { by: 'reviewer', ifMatch: 'required' }),
  commandRoute(withdrawCommitment, 'commitments/:id/withdraw', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(supersedeCommitment, 'commitments/:id/supersede', { by: 'approver', of: 'lead', ifMatch: 'required' }),

  commandRoute(proposeAmendment, 'commitments/:id/amendments', { by: 'focal-point', of: 'lead', ifMatch: 'required', makes: 'commitments/:id/amendments/:made' }),
  commandRoute(approveAmendment, 'commitments/:id/amendments/:version/approve', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(returnAmendment, 'commitments/:id/amendments/:version/return', { by: 'approver', of: 'lead', ifMatch: 'required' }),

  commandRoute(joinCommitment, 'commitments/:id/partners', { by: 'approver', of: 'named' }),
  commandRoute(leaveCommitment, 'commitments/:id/partners/:agency/leave', { by: 'approver', of: 'named', ifMatch: 'required' }),

  commandRoute(proposeTarget, 'commitments/:id/targets', { by: 'focal-point', of: 'party', makes: 'commitments/:id/targets/:made' }),
  commandRoute(proposeTargetVersion, 'commitments/:id/targets/:target/versions', { by: 'focal-point', of: 'party', ifMatch: 'required', makes: 'commitments/:id/targets/:target' }),
  commandRoute(approveTarget, 'commitments/:id/targets/:target/versions/:version/approve', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(returnTarget, 'commitments/:id/targets/:target/versions/:version/return', { by: 'approver', of: 'lead', ifMatch: 'required' }),

  commandRoute(reachMilestone, 'commitments/:id/milestones/:milestone/reach', { by: 'focal-point', of: 'party' }),

  commandRoute(submitProgress, 'commitments/:id/progress-updates', { by: 'focal-point', of: 'party', makes: 'commitments/:id/progress-updates/:made' }),
  commandRoute(submitProgressVersion, 'commitments/:id/progress-updates/:update/versions', { by: 'focal-point', of: 'party', ifMatch: 'required', makes: 'commitments/:id/progress-updates/:update' }),
  commandRoute(publishProgress, 'commitments/:id/progress-updates/:update/versions/:version/publish', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(returnProgress, 'commitments/:id/progress-updates/:update/versions/:version/return', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(retractProgress, 'commitments/:id/progress-updates/:update/retract', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(verifyProgress, 'commitments/:id/progress-updates/:update/verify', { by: 'reviewer', ifMatch: 'required' }),
  commandRoute(disputeProgress, 'commitments/:id/progress-updates/:update/dispute', { by: 'reviewer', ifMatch: 'required' }),
  commandRoute(resolveDispute, 'commitments/:id/progress-updates/:update/resolve-dispute', { by: 'reviewer', ifMatch: 'required' }),

  commandRoute(reportObstacle, 'commitments/:id/obstacles', { by: 'focal-point', of: 'party', makes: 'commitments/:id/obstacles/:made' }),
  commandRoute(resolveObstacle, 'commitments/:id/obstacles/:obstacle/resolve', { by: 'focal-point', of: 'party' }),

  commandRoute(attachEvidence, 'commitments/:id/evidence', { by: 'focal-point', of: 'party', makes: 'commitments/:id/evidence/:made' }),
  commandRoute(flagEvidence, 'commitments/:id/evidence/:evidence/flag', { by: 'reviewer' }),

  commandRoute(raiseFinding, 'commitments/:id/findings', { by: 'reviewer', makes: 'commitments/:id/findings/:made' }),
  commandRoute(answerFinding, 'commitments/:id/findings/:finding/answer', { by: 'approver', of: 'lead', ifMatch: 'required' }),
  commandRoute(closeFinding, 'commitments/:id/findings/:finding/close', { by: 'reviewer', ifMatch: 'required' }),
];
