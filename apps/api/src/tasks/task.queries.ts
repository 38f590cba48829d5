import { z } from 'zod';
import { Role, type Actor } from '#domain/event.ts';
import { Title } from '#domain/values.ts';
import { listTasks, taskViews, type Task } from '#read-model/queries/list-tasks.ts';
import { nextPage, pageStart } from '../queries/page-cursor.ts';
import { cursor, limit, minPosition, StoredText } from '../queries/query-parameters.ts';
import { queryRoute } from '../queries/query-route.ts';

const TaskItem = z
  .object({
    kind: z.enum(['commitment', 'amendment', 'target', 'progress-update', 'finding', 'completion', 'dispute']),
    status: z.enum(['proposed', 'returned', 'raised', 'claimed', 'disputed', 'answered']),
    commitmentId: z.uuid(),
    title: Title.describe("The commitment's"),
    subjectId: z.uuid().describe('The commitment, target, update or finding'),
    version: z.int().nullable(),
    since: z.iso.datetime().describe('When its latest change was recorded'),
    href: z.string().describe('Where to read it'),
    actions: z.array(z.object({ command: z.string().describe('As in this description: the operationId'), href: z.string().describe('Where to post it') })),
  })
  .meta({ id: 'Task' });

export const taskQueries = [
  queryRoute(
    {
      name: 'ListTasks',
      url: 'tasks',
      summary: 'What waits for the caller now: versions to approve or to try again, drafts to discard, claims, disputes and findings; the longest waiting first',
      query: z.strictObject({ limit, cursor, minPosition }),
      answer: z.object({ items: z.array(TaskItem), next: z.string().nullable(), position: z.int() }),
      by: Role.options,
    },
    async ({ query, actor }, sources) => {
      const list = `tasks of ${actor!.id}, ${actor!.role} of ${actor!.agency}`;
      const start = pageStart(list, query, z.tuple([z.int(), StoredText]));
      const { value, position } = await sources.read(taskViews, query.minPosition, (manager) => listTasks(manager, actor!, { limit: query.limit, after: start.after }));
      return { items: value.rows.map((task) => taskItem(task, actor!)), next: nextPage(list, query, { ...start, after: value.after }), position };
    },
  ),
];

function taskItem(task: Task, actor: Actor): z.output<typeof TaskItem> {
  const { kind, status, commitmentId, title, subjectId, version, since } = task;
  const commitment = `/v1/commitments/${commitmentId}`;
  const { href, commands } = about(task, commitment, actor);
  return { kind, status, commitmentId, title, subjectId, version, since, href, actions: commands.map(([command, path]) => ({ command, href: path })) };
}

/** Where it is read, and what may be done about it, posted where. */
function about({ kind, status, subjectId, version, author }: Task, commitment: string, actor: Actor): { href: string; commands: [command: string, path: string][] } {
  const isReturned = status === 'returned';
  switch (kind) {
    case 'commitment': {
      const discard: [string, string] = ['DiscardCommitment', `${commitment}/discard`];
      if (isReturned) return { href: commitment, commands: [['ResubmitCommitment', `${commitment}/resubmit`], discard] };
      const mayDecide = actor.role !== 'focal-point' && actor.id !== author;
      return { href: commitment, commands: mayDecide ? [['RegisterCommitment', `${commitment}/register`], ['ReturnCommitment', `${commitment}/return`]] : [discard] };
    }
    case 'completion':
      return { href: commitment, commands: [['CloseCommitment', `${commitment}/close`], ['DeclineCompletion', `${commitment}/decline-completion`]] };
    case 'amendment': {
      const href = `${commitment}/amendments/${version}`;
      return { href, commands: isReturned ? [['ProposeAmendment', `${commitment}/amendments`]] : [['ApproveAmendment', `${href}/approve`], ['ReturnAmendment', `${href}/return`]] };
    }
    case 'target': {
      const href = `${commitment}/targets/${subjectId}`;
      const pending = `${href}/versions/${version}`;
      return { href, commands: isReturned ? [['ProposeTargetVersion', `${href}/versions`]] : [['ApproveTarget', `${pending}/approve`], ['ReturnTarget', `${pending}/return`]] };
    }
    case 'progress-update': {
      const href = `${commitment}/progress-updates/${subjectId}`;
      const pending = `${href}/versions/${version}`;
      return { href, commands: isReturned ? [['SubmitProgressVersion', `${href}/versions`]] : [['PublishProgress', `${pending}/publish`], ['ReturnProgress', `${pending}/return`]] };
    }
    case 'dispute': {
      const href = `${commitment}/progress-updates/${subjectId}`;
      return { href, commands: [['ResolveDispute', `${href}/resolve-dispute`]] };
    }
    case 'finding': {
      const href = `${commitment}/findings/${subjectId}`;
      return { href, commands: [status === 'raised' ? ['AnswerFinding', `${href}/answer`] : ['CloseFinding', `${href}/close`]] };
    }
  }
}
