import { unknownEvent, type RecordedOf } from '../event.ts';
import type { StreamType } from '../use-case.ts';
import type { Titles } from '../values.ts';
import type { FacilitatorAssigned } from './assign-facilitator.ts';
import type { ActionLineDefined } from './define.ts';
import type { FacilitatorRelieved } from './relieve-facilitator.ts';
import type { ActionLineRetitled } from './retitle.ts';
import type { SdgLinksSet } from './set-sdg-links.ts';

export type ActionLineEvent =
  | RecordedOf<typeof ActionLineDefined>
  | RecordedOf<typeof ActionLineRetitled>
  | RecordedOf<typeof SdgLinksSet>
  | RecordedOf<typeof FacilitatorAssigned>
  | RecordedOf<typeof FacilitatorRelieved>;

/** Who facilitates a line in which role, from and to which day (both included; no `to` while it lasts). */
export interface Assignment {
  agency: string;
  role: 'lead' | 'co-facilitator' | 'partner';
  from: string;
  to?: string | undefined;
}

export interface ActionLineState {
  code: string;
  defined: boolean;
  titles: Titles | undefined;
  sdgs: readonly number[];
  /** Of the WSIS-SDG matrix that `sdgs` were read from; undefined until set. */
  matrixVersion: string | undefined;
  assignments: readonly Assignment[];
}

export const actionLineStream: StreamType<ActionLineState, ActionLineEvent> = {
  category: 'actionLine',
  initial: { code: '', defined: false, titles: undefined, sdgs: [], matrixVersion: undefined, assignments: [] },
  evolve(state, event) {
    switch (event.type) {
      case 'ActionLineDefined':
        return { ...state, code: event.data.code, defined: true, titles: event.data.titles };
      case 'ActionLineRetitled':
        return { ...state, titles: event.data.titles };
      case 'SdgLinksSet':
        return { ...state, sdgs: event.data.sdgs, matrixVersion: event.data.matrixVersion };
      case 'FacilitatorAssigned':
        return { ...state, assignments: [...state.assignments, event.data] };
      case 'FacilitatorRelieved':
        return { ...state, assignments: relieved(state.assignments, event.data) };
      default:
        return unknownEvent(event);
    }
  },
  subject: (state) => ({ id: state.code, status: 'defined' }),
};

/** The assignment that an agency holds to a line on a day, the lead's before others. */
export function assignmentOn(line: ActionLineState, agency: string, day: string): Assignment | undefined {
  const held = line.assignments.filter(
    (assignment) => assignment.agency === agency && assignment.from <= day && (assignment.to ?? day) >= day,
  );
  return held.find((assignment) => assignment.role === 'lead') ?? held[0];
}

/** The open assignment of an agency in a role, given an end. */
export function relieved(
  assignments: readonly Assignment[],
  { agency, role, to }: { agency: string; role: Assignment['role']; to: string },
): Assignment[] {
  return assignments.map((assignment) =>
    assignment.agency === agency && assignment.role === role && assignment.to === undefined ? { ...assignment, to } : assignment,
  );
}
