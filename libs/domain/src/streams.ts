import { actionLineStream } from './action-line/action-line.ts';
import { agencyStream } from './agency/agency.ts';
import { commitmentStream } from './commitment/commitment.ts';
import { indicatorStream } from './indicator/indicator.ts';
import type { Category, EventOf, StateOf, StreamType } from './use-case.ts';

/** Every kind of stream by its category. */
export const streams: { [C in Category]: StreamType<StateOf[C], EventOf[C]> } = {
  agency: agencyStream,
  actionLine: actionLineStream,
  indicator: indicatorStream,
  commitment: commitmentStream,
};
