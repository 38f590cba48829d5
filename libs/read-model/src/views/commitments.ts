import { addDays } from '#domain/calendar.ts';
import type { CommitmentContent, Observation, TargetContent } from '#domain/commitment/content.ts';
import type { CommitmentStatus, Reliance } from '#domain/commitment/state.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { paceSteps, speaksOf, type Pace, type PaceInputs } from '#domain/pace.ts';
import type { Money, Text } from '#domain/values.ts';
import { date, dates, flag, instant, int, ints, json, nullable, text, texts } from './columns.ts';
import { figuresOf } from './commitment-figures.ts';
import { currentIndex, ledgerView, streamId, type EventNamed, type LedgerRow, type RowBody } from './ledger-view.ts';
import { wholeObservations, type WholeObservation } from './observations.ts';

/** A registered commitment as everyone may see it, with the dates on which it turns late or changes its pace. */
export interface CommitmentRow extends LedgerRow {
  /** Of its stream, at the latest public event. */
  revision: number;
  title: Text;
  /** The title's text, for sorting. */
  titleText: string;
  description: Text;
  /** Title and description in lower case, for searching. */
  search: string;
  kind: CommitmentContent['kind'];
  status: CommitmentStatus;
  lead: string;
  /** Agencies that are partners now. */
  partners: string[];
  actionLines: string[];
  sdgs: number[];
  /** ISO 3166-1 alpha-2. */
  countries: string[];
  startOn: string;
  dueOn: string | null;
  pledged: Money[];
  partOf: string | null;
  reportingIntervalDays: number;
  /** The whole approved content. */
  content: CommitmentContent;
  contentVersion: number;
  reliance: Reliance;
  /** Of the completion claimed: true where only the parties themselves say so; null while none is claimed. */
  selfDeclared: boolean | null;
  endedOn: string | null;
  outcome: 'completed' | 'partly' | 'not' | null;
  supersededBy: string | null;
  registeredAt: string;
  /** Latest day on which an update that is not retracted was published. */
  lastUpdateOn: string | null;
  /** First day on which it is late unless its completion was claimed, or it ended, by then. */
  overdueFrom: string | null;
  /** Day of the completion claimed, or of its end: from then on it is late no more. */
  overdueUntil: string | null;
  /** First days of its paces and the paces, side by side: `pace[width_bucket(day, "paceFrom")]` is a day's pace. */
  paceFrom: string[];
  pace: Pace[];
  /** Approved targets by id. */
  targets: Record<string, ApprovedTarget> | null;
  /** Published updates that are not retracted. */
  reports: Report[] | null;
}

interface ApprovedTarget {
  content: TargetContent;
  direction: 'rising' | 'falling' | null;
}

interface Report {
  updateId: string;
  on: string;
  position: number;
  observations: WholeObservation[];
}

export const commitments = ledgerView<CommitmentRow>({
  name: 'commitments',
  version: 1,
  // Lists as of a position show none of it, and a record as of a position is a fold of its stream: history stays narrow.
  working: ['description', 'content', 'reliance', 'targets', 'reports'],
  columns: {
    revision: int,
    title: json,
    titleText: text,
    description: nullable(json),
    search: text,
    kind: text,
    status: text,
    lead: text,
    partners: texts,
    actionLines: texts,
    sdgs: ints,
    countries: texts,
    startOn: date,
    dueOn: nullable(date),
    pledged: json,
    partOf: nullable(text),
    reportingIntervalDays: int,
    content: nullable(json),
    contentVersion: int,
    reliance: nullable(json),
    selfDeclared: nullable(flag),
    endedOn: nullable(date),
    outcome: nullable(text),
    supersededBy: nullable(text),
    registeredAt: instant,
    lastUpdateOn: nullable(date),
    overdueFrom: nullable(date),
    overdueUntil: nullable(date),
    paceFrom: dates,
    pace: texts,
    targets: nullable(json),
    reports: nullable(json),
  },
  indices: [
    currentIndex('lead'),
    currentIndex('status'),
    currentIndex('dueOn', 'id'),
    currentIndex('titleText', 'id'),
    currentIndex('updatedPosition'),
    // One GIN index for all lists that are filtered by an entry; TypeORM can't declare one.
    { ...currentIndex('actionLines', 'partners', 'sdgs', 'countries'), name: 'rows_entries', synchronize: false },
  ],
  id: streamId,
  contributions: figuresOf,
  counted: true,
  makes: { CommitmentRegistered: registered },
  changes: {
    CommitmentAmended: (event, row) => rated(event, { ...row, ...contentColumns(event.data) }),
    CommitmentStarted: (event, row) => after(event, { ...row, status: 'active' }),
    CommitmentSuspended: (event, row) => after(event, { ...row, status: 'suspended' }),
    CommitmentResumed: (event, row) => after(event, { ...row, status: 'active' }),
    CompletionClaimed: (event, row) =>
      after(event, { ...row, status: 'completion-claimed', selfDeclared: event.data.selfDeclared, overdueUntil: event.metadata.occurredOn }),
    CompletionDeclined: (event, row) => after(event, { ...row, status: 'active', selfDeclared: null, overdueUntil: null }),
    CommitmentClosed: (event, row) => ended(event, { ...row, status: 'closed', outcome: event.data.outcome }),
    CommitmentWithdrawn: (event, row) => ended(event, { ...row, status: 'withdrawn' }),
    CommitmentSuperseded: (event, row) => ended(event, { ...row, status: 'superseded', supersededBy: event.data.by }),

    PartnerJoined: (event, row) => after(event, { ...row, partners: [...row.partners, event.data.agency] }),
    PartnerLeft: (event, row) => after(event, { ...row, partners: row.partners.filter((agency) => agency !== event.data.agency) }),

    TargetApproved: (event, row) => rated(event, { ...row, targets: { ...row.targets, [event.data.targetId]: approvedTarget(event) } }),
    ProgressPublished: (event, row) => rated(event, { ...row, reports: [...reportsWithout(row, event), report(event)] }),
    ProgressRetracted: (event, row) => rated(event, { ...row, reports: reportsWithout(row, event) }),

    // Told in rows of their own; here they are news of the commitment.
    ProgressVerified: after,
    ProgressDisputed: after,
    DisputeResolved: after,
    MilestoneReached: after,
    ObstacleReported: after,
    ObstacleResolved: after,
    EvidenceAttached: after,
    EvidenceFlagged: after,
    FindingAnswered: after,
    FindingClosed: after,
  },
});

function registered(event: EventNamed<'CommitmentRegistered'>): RowBody<CommitmentRow> {
  return {
    ...contentColumns(event.data),
    revision: event.revision,
    status: 'registered',
    lead: event.data.lead,
    partners: [],
    selfDeclared: null,
    endedOn: null,
    overdueUntil: null,
    outcome: null,
    supersededBy: null,
    registeredAt: event.recordedAt,
    lastUpdateOn: null,
    paceFrom: [],
    pace: [],
    targets: {},
    reports: [],
  };
}

function after(event: RecordedEvent, row: RowBody<CommitmentRow>): RowBody<CommitmentRow> {
  return { ...row, revision: event.revision };
}

/** After an event on which pace depends: with what follows from the content, targets and reports. */
function rated(event: RecordedEvent, row: RowBody<CommitmentRow>): RowBody<CommitmentRow> {
  const steps = paceSteps(paceInputs(row));
  return {
    ...after(event, row),
    lastUpdateOn: row.reports!.reduce<string | null>((last, { on }) => (last === null || on > last ? on : last), null),
    paceFrom: steps.map((step) => step.from),
    pace: steps.map((step) => step.pace),
  };
}

function ended(event: RecordedEvent, row: RowBody<CommitmentRow>): RowBody<CommitmentRow> {
  const { occurredOn } = event.metadata;
  return after(event, { ...row, endedOn: occurredOn, overdueUntil: row.overdueUntil ?? occurredOn });
}

function contentColumns({ version, content, reliance }: { version: number; content: CommitmentContent; reliance: Reliance }) {
  const { title, description } = content;
  return {
    title,
    titleText: title.text,
    description,
    search: `${title.text}\n${description.text}`.toLowerCase(),
    kind: content.kind,
    actionLines: content.actionLines,
    sdgs: content.sdgs,
    countries: content.beneficiaries?.countries ?? [],
    startOn: content.startOn,
    dueOn: content.dueOn ?? null,
    overdueFrom: content.dueOn === undefined ? null : addDays(content.dueOn, 1),
    pledged: content.pledged,
    partOf: content.partOf ?? null,
    reportingIntervalDays: content.reportingIntervalDays,
    content,
    contentVersion: version,
    reliance,
  };
}

function approvedTarget({ data }: EventNamed<'TargetApproved'>): ApprovedTarget {
  return { content: data.content, direction: data.indicator?.direction ?? null };
}

function report({ data, metadata, position: publishedAt }: EventNamed<'ProgressPublished'>): Report {
  return { updateId: data.updateId, on: metadata.occurredOn, position: publishedAt, observations: wholeObservations(data.content) };
}

function reportsWithout(row: CommitmentRow, { data }: EventNamed<'ProgressPublished' | 'ProgressRetracted'>): Report[] {
  return row.reports!.filter(({ updateId }) => updateId !== data.updateId);
}

function paceInputs({ targets, reports, reportingIntervalDays }: RowBody<CommitmentRow>): PaceInputs[] {
  return Object.values(targets!).map(({ content, direction }) => ({
    target: content,
    direction: direction ?? undefined,
    reportingIntervalDays,
    observations: reports!.flatMap((one) =>
      one.observations
        // All that it looks at is there.
        .filter((observation) => speaksOf(observation as Observation, content))
        .map(({ value, asOf }) => ({ value, asOf, position: one.position })),
    ),
  }));
}
