import { unknownEvent, type RecordedOf } from '../event.ts';
import type { StreamType } from '../use-case.ts';
import type { IndicatorDefined } from './define.ts';
import type { IndicatorRevised } from './revise.ts';

export type IndicatorEvent = RecordedOf<typeof IndicatorDefined> | RecordedOf<typeof IndicatorRevised>;

type Definition = RecordedOf<typeof IndicatorDefined>['data'];

export interface IndicatorState {
  /** How often it was defined or revised: 0 for none, 1 when defined. Relied-upon facts name it. */
  revision: number;
  definition: Definition | undefined;
}

export const indicatorStream: StreamType<IndicatorState, IndicatorEvent> = {
  category: 'indicator',
  initial: { revision: 0, definition: undefined },
  evolve(state, event) {
    switch (event.type) {
      case 'IndicatorDefined':
        return { revision: 1, definition: event.data };
      case 'IndicatorRevised':
        return { revision: state.revision + 1, definition: { ...state.definition!, ...event.data } };
      default:
        return unknownEvent(event);
    }
  },
  subject: (state) => ({ id: state.definition!.code, status: 'defined' }),
};
