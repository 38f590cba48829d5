import { reachMilestone } from '#domain/commitment/reach-milestone.ts';
import { registerCommitment } from '#domain/commitment/register.ts';
import { submitCommitment } from '#domain/commitment/submit.ts';
import { by, logOf, the } from '#testing/given.ts';
import { catalogue, content, text, undesa } from '#testing/scenes.ts';
import { fold } from '#testing/ledger-in-memory.ts';
import { changesOf } from './history-changes.ts';
import { milestonesJson } from './record-json.ts';

const id = the('commitment');

test('a milestone may have the name of something that every object has', () => {
  const milestones = [{ milestoneId: 'constructor', title: text('The builder is chosen'), dueOn: '2022-09-30' }];
  const log = logOf(
    ...catalogue,
    by(undesa.focalPoint, submitCommitment, { lead: 'UNDESA', content: content({ milestones }) }),
    by(undesa.approver, registerCommitment, { id }),
    by(undesa.focalPoint, reachMilestone, { id, milestone: 'constructor' }, { occurredOn: '2022-09-28' }),
  ).filter(({ stream }) => stream === `commitment-${id}`);
  const before = fold('commitment', log.slice(0, -1));
  const after = fold('commitment', log);
  const told = { ...milestones[0], reachedOn: null, overdue: true };
  expect(milestonesJson(before, '2022-10-01')).toEqual([told]);
  expect(milestonesJson(after, '2022-10-01')).toEqual([{ ...told, reachedOn: '2022-09-28', overdue: false }]);
  expect(changesOf(log.at(-1) as never, before, after)).toEqual([{ field: '/reachedOn', from: null, to: '2022-09-28' }]);
});
