import type { EntityManager } from 'typeorm';
import type { Actor } from '#domain/event.ts';
import type { Text } from '#domain/values.ts';
import { STILL_VALID, viewSchema, type View } from '../view.ts';
import { commitments } from '../views/commitments.ts';
import { findings } from '../views/findings.ts';
import { progressUpdates } from '../views/progress-updates.ts';
import { proposals, type ProposalKind } from '../views/proposals.ts';
import { Conditions } from './conditions.ts';
import { addKeyset, pageOf, type Keyed, type Page, type PageOf } from './keyset.ts';

/** Something that waits for somebody. */
export interface Task {
  /** `target/{uuid}`, `completion/{uuid}`: unique. */
  id: string;
  kind: ProposalKind | 'completion' | 'dispute';
  status: 'proposed' | 'returned' | 'raised' | 'claimed' | 'disputed' | 'answered';
  commitmentId: string;
  /** Of the commitment. */
  title: Text;
  /** The commitment, target, update or finding. */
  subjectId: string;
  version: number | null;
  /** When its latest change was recorded. */
  since: string;
}

export const taskViews: readonly View[] = [proposals, commitments, progressUpdates, findings];

/** What waits for the actor, the longest waiting first. Nobody decides on what they proposed, nor reviews their own agency. */
export async function listTasks(manager: EntityManager, actor: Actor, page: Omit<PageOf, 'sort' | 'position'>): Promise<Page<Keyed<Task>>> {
  const where = new Conditions();
  const waiting = WAITING[actor.role]?.(where, actor);
  if (!waiting) return { rows: [], after: undefined };
  const tail = addKeyset(where, { column: 'task."updatedPosition"', type: 'bigint' }, 'task.id', { ...page, sort: { by: 'since', falling: false } });
  const found = await manager.query<Keyed<Task>[]>(
    `select task.id, task.kind, task.status, task."commitmentId", task.title, task."subjectId", task.version, task."updatedAt" as since,
            task."updatedPosition" as "keyValue"
     from (${waiting}) task where ${where} ${tail}`,
    where.values,
  );
  return pageOf(found, page.limit);
}

type Waiting = (where: Conditions, actor: Actor) => string;

/** By role, SQL for what waits. An administrator decides on none of it. */
const WAITING: Partial<Record<Actor['role'], Waiting>> = {
  approver: (where, { id, agency }) => proposalsWhere(`p.status in ('proposed', 'raised') and coalesce(p.lead, c.lead) = ${where.value(agency)} and p.author <> ${where.value(id)}`),
  'focal-point': (where, { agency }) => {
    const own = where.value(agency);
    return proposalsWhere(`p.status = 'returned' and (coalesce(p.lead, c.lead) = ${own} or p."authorAgency" = ${own})`);
  },
  secretariat: (where, { id }) => proposalsWhere(`p.status = 'proposed' and p.author <> ${where.value(id)}`),
  reviewer: (where, { agency }) => {
    const own = where.value(agency);
    const isOutside = `c.lead <> ${own} and not c.partners @> array[${own}::text]`;
    return `
      select 'completion/' || c.id as id, 'completion' as kind, 'claimed' as status, c.id as "commitmentId", c.title,
             c.id as "subjectId", null::int as version, c."updatedAt", c."updatedPosition"
      from ${CURRENT_COMMITMENTS} c where c.status = 'completion-claimed' and ${isOutside}
      union all
      select 'dispute/' || u.id, 'dispute', u.status, c.id, c.title, u.id, u.version, u."updatedAt", u."updatedPosition"
      from ${current(progressUpdates)} u join ${CURRENT_COMMITMENTS} c on c.id = u."commitmentId" where u.status = 'disputed' and ${isOutside}
      union all
      select 'finding/' || f.id, 'finding', f.status, c.id, c.title, f.id, null, f."updatedAt", f."updatedPosition"
      from ${current(findings)} f join ${CURRENT_COMMITMENTS} c on c.id = f."commitmentId" where f.status = 'answered' and ${isOutside}`;
  },
};

const CURRENT_COMMITMENTS = current(commitments);

function current(view: View): string {
  return `(select * from ${viewSchema(view)}.rows where "validTo" = ${STILL_VALID})`;
}

/** The title of what is not registered yet stands in the proposal itself. */
function proposalsWhere(condition: string): string {
  return `
    select p.id, p.kind, p.status, p."commitmentId", coalesce(c.title, p.content -> 'title') as title, p."subjectId", p.version, p."updatedAt", p."updatedPosition"
    from ${current(proposals)} p left join ${CURRENT_COMMITMENTS} c on c.id = p."commitmentId" where ${condition}`;
}
