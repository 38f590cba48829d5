import type { Observation, ReportedProgress } from '#domain/commitment/content.ts';

/** What pace rests on of an observation that is not disaggregated. */
export type WholeObservation = Pick<Observation, 'indicator' | 'unit' | 'value' | 'asOf'>;

/** The whole figures of an update, in its order: of two equal ones the later counts. */
export function wholeObservations({ observations }: ReportedProgress): WholeObservation[] {
  return observations
    .filter((observation) => observation.disaggregation === undefined)
    .map(({ indicator, unit, value, asOf }) => ({ indicator, unit, value, asOf }));
}
