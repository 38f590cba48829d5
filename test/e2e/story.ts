import { exampleBodies } from '../../apps/api/src/commands/examples.ts';
import { commandRoutes } from '../../apps/api/src/commands/command-routes.ts';
import type { CommandRoute } from '../../apps/api/src/commands/command-route.ts';
import type { Role } from '#domain/event.ts';

/** Command, who gives it, and path parameters: `$x` is the id answered to the step `as: 'x'`. */
export type Step = readonly [name: string, role: Role, agency: string, params?: Readonly<Record<string, string>>];

/** Every command there is, in an order in which each is accepted with its example. ITU has to be there before. */
export const story: readonly Step[] = [
  ['RegisterAgency', 'administrator', 'UNCTAD', { as: 'agency' }],
  ['RenameAgency', 'administrator', 'UNCTAD', { code: '$agency' }],
  ['DefineActionLine', 'administrator', 'UNCTAD', { as: 'line' }],
  ['RetitleActionLine', 'administrator', 'UNCTAD', { code: '$line' }],
  ['SetSdgLinks', 'administrator', 'UNCTAD', { code: '$line' }],
  ['AssignFacilitator', 'administrator', 'UNCTAD', { code: '$line' }],
  ['RelieveFacilitator', 'administrator', 'UNCTAD', { code: '$line' }],
  ['DefineIndicator', 'focal-point', 'UNDP', { as: 'indicator' }],
  ['ReviseIndicator', 'focal-point', 'UNDP', { code: '$indicator' }],

  ['SubmitCommitment', 'focal-point', 'UNDP', { as: 'successor' }],
  ['RegisterCommitment', 'approver', 'UNDP', { id: '$successor' }],
  ['SubmitCommitment', 'focal-point', 'UNDP', { as: 'discarded' }],
  ['DiscardCommitment', 'focal-point', 'UNDP', { id: '$discarded' }],
  ['SubmitCommitment', 'focal-point', 'UNDP', { as: 'withdrawn' }],
  ['RegisterCommitment', 'approver', 'UNDP', { id: '$withdrawn' }],
  ['WithdrawCommitment', 'approver', 'UNDP', { id: '$withdrawn' }],
  ['SubmitCommitment', 'focal-point', 'UNDP', { as: 'superseded' }],
  ['RegisterCommitment', 'approver', 'UNDP', { id: '$superseded' }],
  ['SupersedeCommitment', 'approver', 'UNDP', { id: '$superseded' }],

  ['SubmitCommitment', 'focal-point', 'UNDP', { as: 'id' }],
  ['ReturnCommitment', 'approver', 'UNDP', { id: '$id' }],
  ['ResubmitCommitment', 'focal-point', 'UNDP', { id: '$id' }],
  ['RegisterCommitment', 'approver', 'UNDP', { id: '$id' }],
  ['StartCommitment', 'approver', 'UNDP', { id: '$id' }],
  ['SuspendCommitment', 'approver', 'UNDP', { id: '$id' }],
  ['ResumeCommitment', 'approver', 'UNDP', { id: '$id' }],
  ['JoinCommitment', 'approver', 'ITU', { id: '$id' }],

  ['ProposeTarget', 'focal-point', 'UNDP', { id: '$id', as: 'target' }],
  ['ReturnTarget', 'approver', 'UNDP', { id: '$id', target: '$target', version: '1' }],
  ['ProposeTarget', 'focal-point', 'UNDP', { id: '$id', as: 'target' }],
  ['ApproveTarget', 'approver', 'UNDP', { id: '$id', target: '$target', version: '1' }],
  ['ProposeTargetVersion', 'focal-point', 'UNDP', { id: '$id', target: '$target' }],
  ['ApproveTarget', 'approver', 'UNDP', { id: '$id', target: '$target', version: '2' }],

  ['ProposeAmendment', 'focal-point', 'UNDP', { id: '$id' }],
  ['ReturnAmendment', 'approver', 'UNDP', { id: '$id', version: '3' }],
  ['ProposeAmendment', 'focal-point', 'UNDP', { id: '$id' }],
  ['ApproveAmendment', 'approver', 'UNDP', { id: '$id', version: '4' }],
  ['ReachMilestone', 'focal-point', 'UNDP', { id: '$id', milestone: 'all-labs-open' }],

  ['SubmitProgress', 'focal-point', 'UNDP', { id: '$id', as: 'returned' }],
  ['ReturnProgress', 'approver', 'UNDP', { id: '$id', update: '$returned', version: '1' }],
  ['SubmitProgress', 'focal-point', 'UNDP', { id: '$id', as: 'update' }],
  ['PublishProgress', 'approver', 'UNDP', { id: '$id', update: '$update', version: '1' }],
  ['SubmitProgressVersion', 'focal-point', 'UNDP', { id: '$id', update: '$update' }],
  ['PublishProgress', 'approver', 'UNDP', { id: '$id', update: '$update', version: '2' }],
  ['VerifyProgress', 'reviewer', 'UNESCO', { id: '$id', update: '$update' }],
  ['DisputeProgress', 'reviewer', 'UNESCO', { id: '$id', update: '$update' }],
  ['ResolveDispute', 'reviewer', 'UNESCO', { id: '$id', update: '$update' }],
  ['RetractProgress', 'approver', 'UNDP', { id: '$id', update: '$update' }],

  ['ReportObstacle', 'focal-point', 'UNDP', { id: '$id', as: 'obstacle' }],
  ['ResolveObstacle', 'focal-point', 'ITU', { id: '$id', obstacle: '$obstacle' }],
  ['AttachEvidence', 'focal-point', 'UNDP', { id: '$id', as: 'evidence' }],
  ['FlagEvidence', 'reviewer', 'UNESCO', { id: '$id', evidence: '$evidence' }],
  ['RaiseFinding', 'reviewer', 'UNESCO', { id: '$id', as: 'finding' }],
  ['AnswerFinding', 'approver', 'UNDP', { id: '$id', finding: '$finding' }],
  ['CloseFinding', 'reviewer', 'UNESCO', { id: '$id', finding: '$finding' }],
  ['LeaveCommitment', 'approver', 'ITU', { id: '$id', agency: 'ITU' }],

  ['ClaimCompletion', 'approver', 'UNDP', { id: '$id' }],
  ['DeclineCompletion', 'reviewer', 'UNESCO', { id: '$id' }],
  ['ClaimCompletion', 'approver', 'UNDP', { id: '$id' }],
  ['CloseCommitment', 'reviewer', 'UNESCO', { id: '$id' }],
];

export const partner = { code: 'ITU', names: { en: 'International Telecommunication Union' }, kind: 'un-entity' };

/** A step with what the steps before it made. */
export interface StepToTake {
  route: CommandRoute;
  role: Role;
  agency: string;
  /** Below /v1. */
  path: string;
  /** The path whose revision If-Match names. */
  record: string;
  body: unknown;
}

/** `ids` are those answered to earlier steps, by their `as`. */
export function toTake([name, role, agency, params = {}]: Step, ids: Readonly<Record<string, string>>): StepToTake {
  const route = commandRoutes.find(({ useCase }) => useCase.name === name)!;
  const path = route.path.replace(/:(\w+)/g, (_, param: string) => resolve(params[param] ?? param, ids));
  return { route, role, agency, path, record: path.split('/').slice(0, 2).join('/'), body: substituted(exampleBodies[name], ids) };
}

function resolve(value: string, ids: Record<string, string>): string {
  return value.startsWith('$') ? ids[value.slice(1)]! : value;
}

/** The example of superseding names a commitment that this story made. */
function substituted(body: unknown, ids: Record<string, string>): unknown {
  return typeof body === 'object' && body !== null && 'by' in body ? { ...body, by: ids['successor'] } : body;
}
