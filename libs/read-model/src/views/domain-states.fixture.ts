import { addDays } from '#domain/calendar.ts';
import { partnersOf, publicPart, type CommitmentState, type UpdateState } from '#domain/commitment/state.ts';
import { approvedOf, pendingOf, type Versions } from '#domain/commitment/versions.ts';
import type { RecordedEvent } from '#domain/event.ts';
import { streams } from '#domain/streams.ts';
import type { Category, StateOf, StreamType } from '#domain/use-case.ts';

/** What the domain folds a log to: every stream's state, by id. */
export function statesOf<C extends Category>(category: C, log: readonly RecordedEvent[]): Map<string, StateOf[C]> {
  const { initial, evolve } = streams[category] as unknown as StreamType<StateOf[C], RecordedEvent>;
  const states = new Map<string, StateOf[C]>();
  for (const event of log) {
    if (!event.stream.startsWith(`${category}-`)) continue;
    const id = event.stream.slice(category.length + 1);
    states.set(id, evolve(states.get(id) ?? initial, event));
  }
  return states;
}

/** The public states of commitments. */
export function publicCommitments(log: readonly RecordedEvent[]): CommitmentState[] {
  return [...statesOf('commitment', log).values()].flatMap((state) => publicPart(state) ?? []);
}

/**
 * What the rows of each view must say when the domain is asked instead: written from the domain's states, and not from
 * events as the views are. Only columns that the states can tell.
 */
export const asTheDomainSays: Record<string, (log: readonly RecordedEvent[]) => object[]> = {
  agencies: (log) => [...statesOf('agency', log).values()].map(({ code, names }) => ({ id: code, names })),
  action_lines: (log) =>
    [...statesOf('actionLine', log).values()].map(({ code, titles, sdgs, matrixVersion = null, assignments }) => ({
      id: code,
      titles,
      sdgs,
      matrixVersion,
      assignments,
    })),
  indicators: (log) =>
    [...statesOf('indicator', log).values()].map(({ revision, definition }) => {
      const { code, ...columns } = definition!;
      return { id: code, revision, ...columns };
    }),
  commitments: (log) => publicCommitments(log).map(commitment),
  milestones: (log) =>
    publicCommitments(log).map((state) => ({
      id: state.id,
      commitmentId: state.id,
      milestones: approvedOf(state.versions)!.content.milestones.map(({ milestoneId, title, dueOn = null }) => ({
        milestoneId,
        title,
        dueOn,
        reachedOn: new Map(Object.entries(state.milestones)).get(milestoneId) ?? null,
      })),
    })),
  targets: (log) =>
    eachRecord(publicCommitments(log), 'targets', ({ versions, direction = null }) => {
      const { version, change, content, decidedOn } = approvedOf(versions)!;
      const { kind, dueOn = null } = content;
      return { version, change, kind, content, direction, dueOn, approvedOn: decidedOn };
    }),
  progress_updates: (log) =>
    eachRecord(publicCommitments(log), 'updates', ({ versions, status, agency, remark = null, publishedPosition }) => {
      const { version, change, content, decidedOn } = approvedOf(versions)!;
      return { version, change, agency, content, status, remark, publishedOn: decidedOn, publishedPosition };
    }),
  obstacles: (log) =>
    eachRecord(publicCommitments(log), 'obstacles', ({ description, reportedOn, agency, resolvedOn = null, resolution = null }) => ({
      description,
      reportedOn,
      agency,
      resolvedOn,
      resolution,
      status: resolvedOn === null ? 'reported' : 'resolved',
    })),
  evidence: (log) =>
    eachRecord(publicCommitments(log), 'evidence', ({ evidence, about = null, attachedOn, flagged }) => ({
      evidence,
      about,
      attachedOn,
      flaggedOn: flagged?.on ?? null,
      flagReason: flagged?.reason ?? null,
      status: flagged ? 'flagged' : 'reported',
    })),
  findings: (log) =>
    eachRecord(publicCommitments(log), 'findings', ({ finding, about = null, raisedOn, status, answer, conclusion = null }) => ({
      finding,
      about,
      raisedOn,
      status,
      answer,
      conclusion,
    })),
  proposals: (log) => [...statesOf('commitment', log).values()].flatMap(proposals),
};

function commitment(state: CommitmentState): object {
  const { version, content } = approvedOf(state.versions)!;
  const published = Object.values(state.updates).filter(({ status }) => status !== 'retracted');
  return {
    id: state.id,
    status: state.status,
    lead: state.lead,
    partners: partnersOf(state),
    content,
    contentVersion: version,
    title: content.title,
    titleText: content.title.text,
    description: content.description,
    kind: content.kind,
    actionLines: content.actionLines,
    sdgs: content.sdgs,
    countries: content.beneficiaries?.countries ?? [],
    startOn: content.startOn,
    dueOn: content.dueOn ?? null,
    overdueFrom: content.dueOn ? addDays(content.dueOn, 1) : null,
    pledged: content.pledged,
    partOf: content.partOf ?? null,
    reportingIntervalDays: content.reportingIntervalDays,
    reliance: state.reliance,
    selfDeclared: state.completion?.selfDeclared ?? null,
    endedOn: state.ending?.on ?? null,
    overdueUntil: state.completion?.claimedOn ?? state.ending?.on ?? null,
    outcome: state.ending?.outcome ?? null,
    supersededBy: state.ending?.supersededBy ?? null,
    lastUpdateOn: published.map(({ versions }) => approvedOf(versions)!.decidedOn!).sort().at(-1) ?? null,
  };
}

function eachRecord<Kind extends 'targets' | 'updates' | 'obstacles' | 'evidence' | 'findings'>(
  commitments: readonly CommitmentState[],
  kind: Kind,
  columns: (record: CommitmentState[Kind][string]) => object,
): object[] {
  return commitments.flatMap((state) =>
    Object.entries(state[kind]).map(([id, record]) => ({ id, commitmentId: state.id, ...columns(record as CommitmentState[Kind][string]) })),
  );
}

/** What waits of one commitment, drafts too. */
function proposals(state: CommitmentState): object[] {
  const isDraft = state.status === 'submitted' || state.status === 'returned';
  const ofContent = state.status === 'discarded' ? [] : waiting(state.versions, isDraft ? 'commitment' : 'amendment', state.id);
  return [
    ...ofContent.map((row) => ({ ...row, lead: isDraft ? state.lead : null })),
    ...Object.entries(state.targets).flatMap(([id, { versions }]) => waiting(versions, 'target', id)),
    ...Object.entries(state.updates).flatMap(([id, update]) => waiting(versionsOf(update), 'progress-update', id)),
    ...Object.entries(state.findings).flatMap(([id, { status, finding, about = null, raisedOn }]) =>
      status === 'raised'
        ? [{ id: `finding/${id}`, kind: 'finding', subjectId: id, version: null, change: null, content: { finding, about }, status, reason: null, proposedOn: raisedOn }]
        : [],
    ),
  ].map((row) => ({ commitmentId: state.id, ...row }));
}

function versionsOf(update: UpdateState): UpdateState['versions'] {
  return update.status === 'retracted' ? [] : update.versions;
}

/** The last version, unless it was approved. */
function waiting(versions: Versions<unknown>, kind: string, subjectId: string): object[] {
  const last = pendingOf(versions) ?? versions.at(-1);
  if (!last || last.status === 'approved') return [];
  const { version, change, content, status, author, authorRole, reason = null } = last;
  return [{ id: `${kind}/${subjectId}`, kind, subjectId, version, change, content, status, author, authorRole, reason }];
}
