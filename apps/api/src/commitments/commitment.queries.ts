import { z } from 'zod';
import { CommitmentPath } from '#domain/commitment/rules.ts';
import type { CommitmentState } from '#domain/commitment/state.ts';
import { VersionNumber } from '#domain/commitment/versions.ts';
import type { ProblemCode } from '#platform/problem-codes.ts';
import { Problem } from '#platform/problem.ts';
import { nextPage, pageStart } from '../queries/page-cursor.ts';
import { asOf, atPosition, cursor, limit, minPosition, on } from '../queries/query-parameters.ts';
import { queryRoute, type QueryRoute } from '../queries/query-route.ts';
import { today } from '../today.ts';
import { CommitmentJson, commitmentJson } from './commitment-json.ts';
import {
  AmendmentJson,
  amendmentsJson,
  EvidenceJson,
  evidenceJson,
  FindingJson,
  findingsJson,
  ObstacleJson,
  obstaclesJson,
  ProgressUpdateDetailJson,
  progressUpdateDetailsJson,
  TargetDetailJson,
  targetDetailsJson,
} from './record-json.ts';
import { visibleCommitment } from './visible-commitment.ts';

/** One commitment and what stands under it, folded from its stream: as it stands, or as it stood. */

const When = z.strictObject({ asOf, atPosition, on, minPosition });

const getCommitment = queryRoute(
  {
    name: 'GetCommitment',
    url: 'commitments/:id',
    summary: 'All of a commitment, with the pace of its targets, as it stands or as it stood',
    path: CommitmentPath,
    query: When,
    answer: CommitmentJson,
  },
  async ({ path, query, actor }, sources) => {
    await sources.logHas(query.minPosition);
    const { state, revision, position } = await visibleCommitment(sources, path.id, actor, await sources.positionOf(query));
    return commitmentJson(state, { on: query.on ?? today(), revision, position });
  },
);

/** A kind of record under a commitment: where it is found, and what there is of it. */
interface RecordKind<Answer extends z.ZodType> {
  /** `targets` */
  segment: string;
  /** Of the path parameter that names one. */
  parameter: string;
  id: z.ZodType;
  /** `Target`, `Targets`: name the queries. */
  name: string;
  plural: string;
  unknown: ProblemCode;
  answer: Answer;
  of(state: CommitmentState, on: string): (z.output<Answer> & { id: string })[];
}

export const commitmentQueries = [
  getCommitment,
  ...recordQueries({ segment: 'amendments', parameter: 'version', id: VersionNumber, name: 'Amendment', plural: 'Amendments', unknown: 'VERSION.UNKNOWN', answer: AmendmentJson, of: amendmentsJson }),
  ...recordQueries({ segment: 'targets', parameter: 'target', id: z.uuid(), name: 'Target', plural: 'Targets', unknown: 'TARGET.UNKNOWN', answer: TargetDetailJson, of: targetDetailsJson }),
  ...recordQueries({ segment: 'progress-updates', parameter: 'update', id: z.uuid(), name: 'ProgressUpdate', plural: 'ProgressUpdates', unknown: 'PROGRESS.UNKNOWN', answer: ProgressUpdateDetailJson, of: progressUpdateDetailsJson }),
  ...recordQueries({ segment: 'obstacles', parameter: 'obstacle', id: z.uuid(), name: 'Obstacle', plural: 'Obstacles', unknown: 'OBSTACLE.UNKNOWN', answer: ObstacleJson, of: obstaclesJson }),
  ...recordQueries({ segment: 'evidence', parameter: 'evidence', id: z.uuid(), name: 'Evidence', plural: 'Evidence', unknown: 'EVIDENCE.UNKNOWN', answer: EvidenceJson, of: evidenceJson }),
  ...recordQueries({ segment: 'findings', parameter: 'finding', id: z.uuid(), name: 'Finding', plural: 'Findings', unknown: 'FINDING.UNKNOWN', answer: FindingJson, of: findingsJson }),
];

/** One record, and the list of all of its kind. Both carry the commitment's revision. */
function recordQueries<Answer extends z.ZodObject>(kind: RecordKind<Answer>): QueryRoute[] {
  const { segment, parameter, id, name, plural, unknown, answer, of } = kind;
  const stamp = { revision: z.int().describe("The commitment's"), position: z.int().describe("Of the commitment's latest event in the log") };
  const one = queryRoute(
    { name: `Get${name}`, url: `commitments/:id/${segment}/:${parameter}`, summary: `One of a commitment's ${segment}`, path: CommitmentPath.extend({ [parameter]: id }), query: When, answer: answer.extend(stamp) },
    async ({ path, query, actor }, sources) => {
      await sources.logHas(query.minPosition);
      const { state, revision, position } = await visibleCommitment(sources, String(path.id), actor, await sources.positionOf(query));
      const wanted = String((path as Record<string, unknown>)[parameter]);
      const found = of(state, query.on ?? today()).find((record) => record.id === wanted);
      if (!found) throw new Problem(404, unknown, `the commitment has no such ${name.replace(/(?!^)[A-Z]/g, ' $&').toLowerCase()}`);
      return { ...found, revision, position } as never;
    },
  );
  const list = queryRoute(
    {
      name: `ListCommitment${plural}`,
      url: `commitments/:id/${segment}`,
      summary: `A commitment's ${segment}, in the order in which they were first recorded`,
      path: CommitmentPath,
      query: When.extend({ limit, cursor }),
      answer: z.object({ items: z.array(answer), next: z.string().nullable(), ...stamp }),
    },
    async ({ path, query, actor }, sources) => {
      await sources.logHas(query.minPosition);
      const listName = `commitments/${path.id}/${segment}`;
      const start = pageStart(listName, query, z.string());
      const { state, revision, position } = await visibleCommitment(sources, path.id, actor, await sources.positionOf(query));
      const records = of(state, start.on);
      const from = start.after === undefined ? 0 : records.findIndex((record) => record.id === start.after) + 1;
      const items = records.slice(from, from + query.limit);
      const after = from + query.limit < records.length ? items.at(-1)?.id : undefined;
      return { items, next: nextPage(listName, query, { ...start, after }), revision, position } as never;
    },
  );
  return [one, list];
}
