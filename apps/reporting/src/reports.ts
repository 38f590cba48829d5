import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

export interface ActionLineReport {
  actionLine: string;
  title: string | null;
  commitments: number;
  /** Number of commitments by status. */
  registered: number;
  active: number;
  suspended: number;
  completionClaimed: number;
  closed: number;
  withdrawn: number;
  superseded: number;
  /** Of the published update whose period ends last: last day, agency, title of its commitment. */
  latestUpdateTo: string | null;
  latestUpdateBy: string | null;
  latestUpdateOf: string | null;
}

export interface TopicCount {
  topic: string;
  count: number;
  /** As a number; 0 while there is none. */
  lastSequence: number;
}

@Injectable()
export class Reports {
  constructor(private readonly database: DataSource) {}

  /** One row for each action line that is defined or that a commitment names. A commitment counts under each of its lines. */
  async actionLines(): Promise<ActionLineReport[]> {
    const rows = await this.database.query<ActionLineReport[]>(ACTION_LINES);
    return rows.sort((a, b) => a.actionLine.localeCompare(b.actionLine, 'en', { numeric: true }));
  }

  async topicCounts(): Promise<TopicCount[]> {
    return this.database.query<TopicCount[]>(
      'select topic, sum(count)::float8 as count, max(sequence)::float8 as "lastSequence" from reporting.partition group by topic order by topic');
  }
}

const count = (status: string) => `(count(*) filter (where status = '${status}'))::int`;

const ACTION_LINES = `
with line_commitment as (
  select distinct line, commitment.* from reporting.commitment, unnest("actionLines") as line
), figures as (
  select line, count(*)::int as commitments, ${count('registered')} as registered, ${count('active')} as active,
    ${count('suspended')} as suspended, ${count('completion-claimed')} as "completionClaimed", ${count('closed')} as closed,
    ${count('withdrawn')} as withdrawn, ${count('superseded')} as superseded
  from line_commitment group by line
), latest as (
  select distinct on (line) line, "to"::text as "latestUpdateTo", agency as "latestUpdateBy", title as "latestUpdateOf"
  from line_commitment join reporting.progress_update on "commitmentId" = line_commitment.id
  where not retracted order by line, "to" desc, sequence desc
)
select coalesce(code, line) as "actionLine", action_line.title,
  coalesce(commitments, 0) as commitments, coalesce(registered, 0) as registered, coalesce(active, 0) as active,
  coalesce(suspended, 0) as suspended, coalesce("completionClaimed", 0) as "completionClaimed", coalesce(closed, 0) as closed,
  coalesce(withdrawn, 0) as withdrawn, coalesce(superseded, 0) as superseded,
  "latestUpdateTo", "latestUpdateBy", "latestUpdateOf"
from figures left join latest using (line) full join reporting.action_line on code = line`;
