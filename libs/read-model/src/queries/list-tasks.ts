import type { EntityManager } from 'typeorm';
import { hasEnded, PUBLIC_STATUSES } from '#domain/commitment/state.ts';
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
  /** Id of who proposed or raised it; null for the other kinds. */
  author: string | null;
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
    `select task.id, task.kind, task.status, task."commitmentId", task.title, task."subjectId", task.version, task.author, task."updatedAt" as since,
            task."updatedPosition" as "keyValue"
     from (${waiting}) task where ${where} ${tail}`,
    where.values,
  );
  return pageOf(found, page.limit);
}

type Waiting = (where: Conditions, actor: Actor) => string;

/** By role, SQL for what waits. An administrator decides on none of it. */
const WAITING: Partial<Record<Actor['role'], Waiting>> = {
  approver: (where, { id, agency }) =>
    proposalsWhere(`p.status in ('proposed', 'raised') and ${canGoOn(where)} and coalesce(p.lead, c.lead) = ${where.value(agency)} and (p.kind = 'finding' or p.author <> ${where.value(id)})`),
  'focal-point': (where, { agency }) => {
    const own = where.value(agency);
    const isOfParty = `coalesce(p.lead, c.lead) = ${own} or (p."authorAgency" = ${own} and c.partners @> array[${own}::text])`;
    return proposalsWhere(`(p.status = 'returned' and ${canGoOn(where)} and (${isOfParty})) or (${IS_DRAFT} and p.lead = ${own})`);
  },
  // It decides only on what one of it transcribed, and answers for any agency.
  secretariat: (where, { id }) =>
    proposalsWhere(`p.kind = 'finding' or (p."authorRole" = 'secretariat' and ${canGoOn(where)} and (p.status = 'returned' or p.author <> ${where.value(id)} or ${IS_DRAFT}))`),
  reviewer: (where, { agency }) => {
    const own = where.value(agency);
    // Who ever was a party reviews none of it: earlier versions of the row tell.
    const isOutside = `not exists (select from ${viewSchema(commitments)}.rows was where was.id = c.id and (was.lead = ${own} or was.partners @> array[${own}::text]))`;
    return `
      select 'completion/' || c.id as id, 'completion' as kind, 'claimed' as status, c.id as "commitmentId", c.title,
             c.id as "subjectId", null::int as version, null as author, c."updatedAt", c."updatedPosition"
      from ${CURRENT_COMMITMENTS} c where c.status = 'completion-claimed' and ${isOutside}
      union all
      select 'dispute/' || u.id, 'dispute', u.status, c.id, c.title, u.id, u.version, null, u."updatedAt", u."updatedPosition"
      from ${current(progressUpdates)} u join ${CURRENT_COMMITMENTS} c on c.id = u."commitmentId" where u.status = 'disputed' and ${isOutside}
      union all
      select 'finding/' || f.id, 'finding', f.status, c.id, c.title, f.id, null, null, f."updatedAt", f."updatedPosition"
      from ${current(findings)} f join ${CURRENT_COMMITMENTS} c on c.id = f."commitmentId" where f.status = 'answered' and ${isOutside}`;
  },
};

/** Its focal points can still discard it. */
const IS_DRAFT = `(p.kind = 'commitment' and p.status = 'proposed')`;

/** SQL: after the end of a commitment only corrections go on, and findings are answered. */
function canGoOn(where: Conditions): string {
  const ended = where.value(PUBLIC_STATUSES.filter((status) => hasEnded({ status })));
  return `(p.kind = 'finding' or p.change ->> 'kind' = 'correction' or c.status <> all(${ended}::text[]) or c.id is null)`;
}

const CURRENT_COMMITMENTS = current(commitments);

function current(view: View): string {
  return `(select * from ${viewSchema(view)}.rows where "validTo" = ${STILL_VALID})`;
}

/** The title of what is not registered yet stands in the proposal itself. */
function proposalsWhere(condition: string): string {
  return `
    select p.id, p.kind, p.status, p."commitmentId", coalesce(c.title, p.content -> 'title') as title, p."subjectId", p.version, p.author, p."updatedAt", p."updatedPosition"
    from ${current(proposals)} p left join ${CURRENT_COMMITMENTS} c on c.id = p."commitmentId" where ${condition}`;
}
