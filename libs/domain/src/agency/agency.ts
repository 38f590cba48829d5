import { unknownEvent, type RecordedOf } from '../event.ts';
import type { StreamType } from '../use-case.ts';
import type { Titles } from '../values.ts';
import type { AgencyRegistered } from './register.ts';
import type { AgencyRenamed } from './rename.ts';

export type AgencyEvent = RecordedOf<typeof AgencyRegistered> | RecordedOf<typeof AgencyRenamed>;

export interface AgencyState {
  code: string;
  registered: boolean;
  names: Titles | undefined;
}

export const agencyStream: StreamType<AgencyState, AgencyEvent> = {
  category: 'agency',
  initial: { code: '', registered: false, names: undefined },
  evolve(state, event) {
    switch (event.type) {
      case 'AgencyRegistered':
        return { code: event.data.code, registered: true, names: event.data.names };
      case 'AgencyRenamed':
        return { ...state, names: event.data.names };
      default:
        return unknownEvent(event);
    }
  },
  subject: (state) => ({ id: state.code, status: 'registered' }),
};
