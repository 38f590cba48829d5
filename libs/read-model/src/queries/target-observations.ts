import type { EntityManager } from 'typeorm';
import type { PaceObservation } from '#domain/pace.ts';
import { viewSchema } from '../view.ts';
import { progressUpdates } from '../views/progress-updates.ts';
import type { TargetRow } from '../views/targets.ts';
import { Conditions } from './conditions.ts';

/**
 * The observation that counts for each target on a day, by target id: of those published and not retracted the one
 * with the latest as-of date, then final over provisional, then the higher position, then the later in its update.
 */
export async function targetObservations(manager: EntityManager, targets: readonly TargetRow[], on: string, position: number | undefined): Promise<Map<string, PaceObservation>> {
  const quantitative = targets.filter((target) => target.kind === 'quantitative');
  if (quantitative.length === 0) return new Map();
  const where = new Conditions();
  const asked = quantitative.map(({ id, commitmentId, indicator, unit }) => ({ id, commitmentId, indicator, unit }));
  const targetsAsked = where.value(JSON.stringify(asked));
  where.validAt('u', position);
  where.add(() => `u."commitmentId" = target."commitmentId" and u.status <> 'retracted'`);
  where.add(() => `observed.one ->> 'indicator' = target.indicator and observed.one ->> 'unit' = target.unit`);
  where.add((day) => `(observed.one ->> 'asOf')::date <= ${day}::date`, on);
  const found = await manager.query<(PaceObservation & { id: string })[]>(
    `select target.id, best.*
     from json_to_recordset(${targetsAsked}::json) as target(id text, "commitmentId" text, indicator text, unit text)
     cross join lateral (
       select observed.one -> 'value' as value, observed.one ->> 'asOf' as "asOf", u."publishedPosition" as position
       from ${viewSchema(progressUpdates)}.rows u cross join lateral jsonb_array_elements(u.observations) with ordinality as observed(one, n)
       where ${where}
       order by observed.one ->> 'asOf' desc, (observed.one -> 'value' ->> 'provisional')::boolean, u."publishedPosition" desc, observed.n desc
       limit 1
     ) best`,
    where.values,
  );
  return new Map(found.map(({ id, ...observation }) => [id, observation]));
}
