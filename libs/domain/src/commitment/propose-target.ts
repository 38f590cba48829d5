import { z } from 'zod';
import { restrictedEvent } from '../event.ts';
import { Refusals } from '../refusal.ts';
import { useCase, type Context, type StreamName } from '../use-case.ts';
import { TargetContent } from './content.ts';
import { CommitmentPath, isWithin, requireOpen, requireRoom } from './rules.ts';
import { Change } from './versions.ts';

/** Of a new target and of each later version. */
export const TargetProposed = restrictedEvent(
  'TargetProposed',
  z.strictObject({ targetId: z.uuid(), version: z.int(), change: Change, content: TargetContent }),
);

export const proposeTarget = useCase({
  name: 'ProposeTarget',
  category: 'commitment',
  path: CommitmentPath,
  body: TargetProposed.data.pick({ content: true }),
  needs: ({ content }) => targetNeeds(content),
  decide({ content }, commitment, context) {
    requireOpen(commitment);
    requireRoom(commitment.targets);
    checkTarget(content, context);
    return [{ type: 'TargetProposed', data: { targetId: context.newId('target'), version: 1, change: { kind: 'new' }, content } }];
  },
});

export function targetNeeds(content: TargetContent): StreamName[] {
  return content.kind === 'quantitative' ? [`indicator-${content.indicator}`] : [];
}

/** Refuses content that can't be a target's, telling everything that is wrong. */
export function checkTarget(content: TargetContent, { facts, today }: Context): void {
  if (content.kind === 'qualitative') return;
  const { value, baseline, dueOn, unit } = content;
  const wrong = new Refusals();
  const indicator = facts.indicator(content.indicator);
  if (!indicator) wrong.add('INDICATOR.UNKNOWN', '/content/indicator', content.indicator);
  else {
    const { unit: itsUnit, measures } = indicator.definition!;
    if (measures === 'context') wrong.add('TARGET.CONTEXT_INDICATOR', '/content/indicator');
    if (unit !== itsUnit) wrong.add('TARGET.UNIT_MISMATCH', '/content/unit', `${content.indicator} is in ${itsUnit}`);
    if (!isWithin(value, indicator)) wrong.add('TARGET.OUT_OF_RANGE', '/content/value');
    if (baseline !== 'unknown' && !isWithin(baseline.value, indicator)) wrong.add('TARGET.OUT_OF_RANGE', '/content/baseline/value');
  }
  if (baseline !== 'unknown' && baseline.on > today) wrong.add('TARGET.BASELINE_IN_FUTURE', '/content/baseline/on');
  if (baseline !== 'unknown' && baseline.on >= dueOn) wrong.add('TARGET.DATES', '/content/dueOn');
  wrong.throwIfAny();
}
