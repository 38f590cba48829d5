import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { paceOn } from '#domain/pace.ts';
import { AgencyCode, PlainDate, Title } from '#domain/values.ts';
import type { CommitmentFilter } from '#read-model/queries/commitment-filter.ts';
import { keyOf, type Key, type Page, type PageOf } from '#read-model/queries/keyset.ts';
import { listRecords, recordViews, type ListedRecord, type RecordKind, type RecordOrder, type RecordRows } from '#read-model/queries/list-records.ts';
import { targetObservations } from '#read-model/queries/target-observations.ts';
import { commitments } from '#read-model/views/commitments.ts';
import { progressUpdates } from '#read-model/views/progress-updates.ts';
import { targets } from '#read-model/views/targets.ts';
import { listOf } from '../queries/query-parameters.ts';
import { queryRoute, type QueryRoute } from '../queries/query-route.ts';
import { filterOf, ListQuery, pageOfItems, readPage } from './commitment-filter.ts';
import { EvidenceJson, FindingJson, ObstacleJson, ProgressUpdateJson, TargetJson } from './record-json.ts';

/** Records across commitments: of what everyone may see, filtered by the commitments they belong to. */

/** What is told of the commitment beside each record. */
const OF_COMMITMENT = { commitmentId: z.uuid(), commitmentTitle: Title, lead: AgencyCode, updatedAt: z.iso.datetime() };
const NOT_LISTED = { versions: true, proposal: true } as const;

const ProgressUpdateItem = ProgressUpdateJson.omit(NOT_LISTED).extend(OF_COMMITMENT).meta({ id: 'ProgressUpdateItem' });
const TargetItem = TargetJson.omit({ ...NOT_LISTED, status: true }).extend({ ...OF_COMMITMENT, approvedOn: PlainDate }).meta({ id: 'TargetItem' });
const ObstacleItem = ObstacleJson.extend(OF_COMMITMENT).meta({ id: 'ObstacleItem' });
const EvidenceItem = EvidenceJson.extend(OF_COMMITMENT).meta({ id: 'EvidenceItem' });
const FindingItem = FindingJson.extend(OF_COMMITMENT).meta({ id: 'FindingItem' });

export const recordListQueries: QueryRoute[] = [
  recordList('progress-updates', 'ListProgressUpdates', 'progressUpdates', ['published', 'verified', 'disputed', 'resolved', 'retracted'], ProgressUpdateItem, (row) => ({
    id: row.id,
    status: row.status,
    agency: row.agency,
    version: row.version,
    change: row.change,
    content: row.content,
    publishedOn: row.publishedOn,
    remark: row.remark,
    ...ofCommitment(row),
  })),
  targetList(),
  recordList('obstacles', 'ListObstacles', 'obstacles', ['reported', 'resolved'], ObstacleItem, (row) => ({
    id: row.id,
    status: row.status,
    agency: row.agency,
    description: row.description,
    reportedOn: row.reportedOn,
    resolvedOn: row.resolvedOn,
    resolution: row.resolution,
    ...ofCommitment(row),
  })),
  recordList('evidence', 'ListEvidence', 'evidence', ['reported', 'flagged'], EvidenceItem, (row) => ({
    id: row.id,
    status: row.status,
    about: row.about,
    evidence: row.evidence,
    attachedOn: row.attachedOn,
    flagged: row.flaggedOn !== null && row.flagReason ? { on: row.flaggedOn, reason: row.flagReason } : null,
    ...ofCommitment(row),
  })),
  recordList('findings', 'ListFindings', 'findings', ['answered', 'closed'], FindingItem, (row) => ({
    id: row.id,
    status: row.status,
    about: row.about,
    finding: row.finding,
    raisedOn: row.raisedOn,
    answer: row.answer,
    conclusion: row.conclusion,
    ...ofCommitment(row),
  })),
];

function recordList<Kind extends RecordKind, Item extends z.ZodType>(
  url: string,
  name: string,
  kind: Kind,
  statuses: readonly [string, ...string[]],
  item: Item,
  itemOf: (row: ListedRecord<RecordRows[Kind]>) => z.output<Item>,
): QueryRoute {
  const query = ListQuery.extend({ recordStatus: listOf(z.enum(statuses)).optional().describe(`The record's own: ${statuses.join(', ')}, separated by commas`) });
  return queryRoute(
    { name, url, summary: `Public ${url.replace('-', ' ')} across commitments, filtered by the commitments they belong to`, query, answer: pageOfItems(item) },
    async ({ query: { recordStatus, ...rest } }, sources) => {
      const filter = { ...filterOf(rest), statuses: recordStatus };
      const { rows, ...page } = await readPage(sources, `${url} ${recordStatus?.join() ?? ''}`, [recordViews[kind], commitments], rest, (manager, day, of) =>
        listRecords(manager, kind, filter, day, of),
      );
      return { items: rows.map(itemOf), ...page } as never;
    },
  );
}

/** Targets with their pace, which is worked out from what was reported; `pace` is the target's own here. */
function targetList(): QueryRoute {
  return queryRoute(
    {
      name: 'ListTargets',
      url: 'targets',
      summary: 'Approved targets across commitments with their own pace, by which `pace` filters; a page may be short of items though more follow',
      query: ListQuery,
      answer: pageOfItems(TargetItem),
    },
    async ({ query }, sources) => {
      const { pace, ...filter } = filterOf(query);
      const { rows, ...page } = await readPage(sources, 'targets', [targets, progressUpdates, commitments], query, (manager, day, of) => targetsByPace(manager, filter, pace, day, of));
      return { items: rows, ...page };
    },
  );
}

/** Targets looked at for one page, at most. */
const SCAN_MAX = 1_000;
const SCAN_PAGE = 100;

async function targetsByPace(manager: EntityManager, filter: CommitmentFilter, pace: CommitmentFilter['pace'], on: string, page: PageOf<RecordOrder>): Promise<Page<z.output<typeof TargetItem>>> {
  const rows: z.output<typeof TargetItem>[] = [];
  let after: Key | undefined = page.after;
  for (let scanned = 0; scanned < SCAN_MAX; scanned += SCAN_PAGE) {
    const found = await listRecords(manager, 'targets', filter, on, { ...page, after, limit: pace ? SCAN_PAGE : page.limit });
    const observations = await targetObservations(manager, found.rows, on, page.position);
    for (const row of found.rows) {
      const observation = observations.get(row.id);
      const inputs = { target: row.content, direction: row.direction ?? undefined, reportingIntervalDays: row.reportingIntervalDays, observations: observation ? [observation] : [] };
      const answer = paceOn(inputs, on);
      if (pace && !pace.includes(answer.pace)) continue;
      if (rows.length === page.limit) return { rows, after };
      rows.push(targetItem(row, answer));
      after = keyOf(row);
    }
    after = found.after;
    if (!after || !pace) break;
  }
  return { rows, after };
}

function targetItem(row: ListedRecord<RecordRows['targets']>, pace: ReturnType<typeof paceOn>): z.output<typeof TargetItem> {
  return {
    id: row.id,
    version: row.version,
    content: row.content,
    direction: row.direction,
    approvedOn: row.approvedOn,
    pace,
    ...ofCommitment(row),
  };
}

function ofCommitment(row: ListedRecord<RecordRows[RecordKind]>) {
  return { commitmentId: row.commitmentId, commitmentTitle: row.commitmentTitle, lead: row.lead, updatedAt: row.updatedAt };
}
