import type { CommitmentEvent } from '#domain/commitment/commitment.ts';
import type { ReportedProgress, TargetContent } from '#domain/commitment/content.ts';
import type { CommitmentState } from '#domain/commitment/state.ts';
import type { Change } from '#domain/commitment/versions.ts';
import { unknownEvent } from '#domain/event.ts';
import type { Value } from '#domain/values.ts';

/**
 * What happened, in one plain sentence: what, who, and the gist. What was transcribed says from where, and never that
 * an agency did or approved it.
 * @param state after the event
 */
export function summaryOf(event: CommitmentEvent, state: CommitmentState): string {
  const { what, gist, approves } = told(event, state);
  const { actor, transcribedFrom } = event.metadata;
  const who = transcribedFrom ? `transcribed from ${transcribedFrom.document}, ${transcribedFrom.place}` : `${approves ? 'approved ' : ''}by ${actor.agency}`;
  return gist ? `${what}, ${who}: ${gist}` : `${what}, ${who}`;
}

interface Told {
  what: string;
  /** What it is about or why, as far as a line takes it. */
  gist?: string | undefined;
  /** The actor approved what others had proposed. */
  approves?: true;
}

function told(event: CommitmentEvent, state: CommitmentState): Told {
  switch (event.type) {
    case 'CommitmentSubmitted':
      return { what: `Commitment submitted for ${event.data.lead}`, gist: quoted(event.data.content.title.text) };
    case 'CommitmentResubmitted':
      return { what: `Commitment submitted again (version ${event.data.version})`, gist: quoted(event.data.content.title.text) };
    case 'CommitmentReturned':
      return { what: `Commitment returned (version ${event.data.version})`, gist: line(event.data.reason.text) };
    case 'CommitmentDiscarded':
      return { what: 'Commitment discarded before registration', gist: line(event.data.reason.text) };
    case 'CommitmentRegistered':
      return { what: `Commitment of ${event.data.lead} registered`, gist: quoted(event.data.content.title.text), approves: true };
    case 'AmendmentProposed':
      return { what: `Amendment proposed (${versionAs(event.data)})`, gist: reasonOf(event.data.change) };
    case 'CommitmentAmended':
      return { what: `Commitment amended (${versionAs(event.data)})`, gist: reasonOf(event.data.change), approves: true };
    case 'AmendmentReturned':
      return { what: `Amendment returned (version ${event.data.version})`, gist: line(event.data.reason.text) };
    case 'CommitmentStarted':
      return { what: 'Work on the commitment started' };
    case 'CommitmentSuspended':
      return { what: 'Commitment suspended', gist: line(event.data.reason.text) };
    case 'CommitmentResumed':
      return { what: 'Commitment resumed' };
    case 'CompletionClaimed':
      return { what: `Completion claimed${event.data.selfDeclared ? ' (self-declared)' : ''}`, gist: line(event.data.statement.text) };
    case 'CompletionDeclined':
      return { what: 'Claim of completion declined', gist: line(event.data.reason.text) };
    case 'CommitmentClosed':
      return { what: `Commitment closed (${OUTCOMES[event.data.outcome]})`, gist: line(event.data.assessment.text) };
    case 'CommitmentWithdrawn':
      return { what: 'Commitment withdrawn', gist: line(event.data.reason.text) };
    case 'CommitmentSuperseded':
      return { what: `Commitment superseded by commitment ${event.data.by}`, gist: line(event.data.reason.text) };

    case 'PartnerJoined':
      return { what: `${event.data.agency} joined as a partner` };
    case 'PartnerLeft':
      return { what: `${event.data.agency} left`, gist: event.data.reason && line(event.data.reason.text) };

    case 'TargetProposed':
      return { what: `Target proposed (${versionAs(event.data)})`, gist: targetLine(event.data.content) };
    case 'TargetApproved':
      return { what: `Target set (${versionAs(event.data)})`, gist: targetLine(event.data.content), approves: true };
    case 'TargetReturned':
      return { what: `Target returned (version ${event.data.version})`, gist: line(event.data.reason.text) };
    case 'MilestoneReached':
      return { what: `Milestone ${event.data.milestoneId} reached on ${event.metadata.occurredOn}` };

    case 'ProgressSubmitted':
      return { what: `Progress update submitted for ${event.data.agency} (${versionAs(event.data)})`, gist: progressLine(event.data.content) };
    case 'ProgressPublished':
      return { what: `Progress update published (${versionAs(event.data)})`, gist: progressLine(event.data.content), approves: true };
    case 'ProgressReturned':
      return { what: `Progress update returned (version ${event.data.version})`, gist: line(event.data.reason.text) };
    case 'ProgressRetracted':
      return { what: `Progress update ${periodOf(state, event.data.updateId)}retracted`, gist: line(event.data.reason.text) };
    case 'ProgressVerified':
      return { what: `Progress update ${periodOf(state, event.data.updateId)}verified (version ${event.data.version})`, gist: event.data.note && line(event.data.note.text) };
    case 'ProgressDisputed':
      return { what: `Progress update ${periodOf(state, event.data.updateId)}disputed`, gist: line(event.data.reason.text) };
    case 'DisputeResolved':
      return { what: `Dispute about the progress update ${periodOf(state, event.data.updateId)}resolved`, gist: line(event.data.resolution.text) };

    case 'ObstacleReported':
      return { what: `Obstacle reported for ${event.data.agency}`, gist: line(event.data.description.text) };
    case 'ObstacleResolved':
      return { what: 'Obstacle resolved', gist: line(event.data.resolution.text) };
    case 'EvidenceAttached':
      return { what: `Evidence attached (${event.data.evidence.class})`, gist: quoted(event.data.evidence.title.text) };
    case 'EvidenceFlagged':
      return { what: `Evidence ${evidenceOf(state, event.data.evidenceId)}flagged: it proves nothing any more`, gist: line(event.data.reason.text) };
    case 'FindingRaised':
      return { what: 'Finding raised', gist: line(event.data.finding.text) };
    case 'FindingAnswered':
      return { what: `Finding of ${event.data.raisedOn} answered`, gist: line(event.data.answer.text) };
    case 'FindingClosed':
      return { what: 'Finding closed', gist: line(event.data.conclusion.text) };
    default:
      return unknownEvent(event);
  }
}

const OUTCOMES = { completed: 'completed', partly: 'partly completed', not: 'not completed' };
const LINE_MAX = 300;

/** Text on one line, cut where it is long. */
function line(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length <= LINE_MAX ? flat : `${flat.slice(0, LINE_MAX - 1).trimEnd()}…`;
}

function quoted(text: string): string {
  return `“${line(text)}”`;
}

/** `version 2, a correction of version 1` */
function versionAs({ version, change }: { version: number; change: Change }): string {
  if (change.kind === 'new') return `version ${version}`;
  return `version ${version}, a ${change.kind}${change.kind === 'correction' ? ` of version ${change.corrects}` : ''}`;
}

function reasonOf(change: Change): string | undefined {
  return change.kind === 'new' ? undefined : line(change.reason.text);
}

function targetLine(content: TargetContent): string {
  if (content.kind === 'qualitative') return line(content.text.text);
  return `${valueLine(content.value)} ${content.unit} by ${content.dueOn} (${content.indicator})`;
}

function progressLine({ from, to, observations, narrative, notAssessed }: ReportedProgress): string {
  const period = `${from} to ${to}`;
  if (notAssessed) return `${period}, not assessed because ${line(notAssessed.text)}`;
  const [first] = observations;
  if (!first) return narrative[0] ? `${period}, ${line(narrative[0].text.text)}` : period;
  const more = observations.length > 1 ? ` and ${observations.length - 1} more` : '';
  return `${period}, ${valueLine(first.value)} ${first.unit} as of ${first.asOf} (${first.indicator})${more}`;
}

function valueLine({ low, high, qualifier, provisional }: Value): string {
  return `${qualifier ? `${qualifier} ` : ''}${low}${high === undefined ? '' : ` to ${high}`}${provisional ? ' (provisional)' : ''}`;
}

/** `for 2021-01-01 to 2021-12-31 `, as far as it is known. */
function periodOf(state: CommitmentState, updateId: string): string {
  const content = state.updates[updateId]?.versions.at(-1)?.content;
  return content ? `for ${content.from} to ${content.to} ` : '';
}

function evidenceOf(state: CommitmentState, evidenceId: string): string {
  const evidence = state.evidence[evidenceId]?.evidence;
  return evidence ? `${quoted(evidence.title.text)} ` : '';
}
