/**
 * Every reason for which a decision is refused: its stable code, and the rule in words.
 * Codes are part of the public contract; a rule's wording may improve.
 */
export const refusals = {
  'COMMAND.OCCURRED_IN_FUTURE': 'occurredOn is not in the future',
  'COMMAND.OCCURRED_BEFORE': 'occurredOn is not before what the command follows',
  'COMMAND.TRANSCRIBED_BY_SECRETARIAT_ONLY': 'only the secretariat transcribes',
  'COMMAND.TRANSCRIPTION_NEEDED': 'the secretariat acts on behalf of an agency only by transcribing: name document and place in transcribedFrom',

  'AGENCY.ALREADY_REGISTERED': 'an agency code is registered once',
  'AGENCY.UNKNOWN': 'the agency is registered',
  'AGENCY.SAME_NAMES': 'a new name differs from the present one',

  'ACTION_LINE.ALREADY_DEFINED': 'an action line is defined once',
  'ACTION_LINE.UNKNOWN': 'the action line is defined',
  'ACTION_LINE.BARE_C7': 'C7 alone is not reportable: define its sub-lines',
  'ACTION_LINE.SAME_TITLES': 'a new title differs from the present one',
  'ACTION_LINE.SAME_SDG_LINKS': 'a matrix version sets the links of a line once',
  'ACTION_LINE.ALREADY_ASSIGNED': 'assignments of one agency in one role to one line do not overlap',
  'ACTION_LINE.NOT_ASSIGNED': 'the agency holds an open assignment in that role',
  'ACTION_LINE.RELIEVED_BEFORE_ASSIGNED': 'an assignment does not end before it begins',

  'INDICATOR.ALREADY_DEFINED': 'an indicator is defined once',
  'INDICATOR.UNKNOWN': 'the indicator is defined',
  'INDICATOR.RANGE': 'min is below max',
  'INDICATOR.SAME': 'a revision changes something',

  'COMMITMENT.UNKNOWN': 'the commitment exists',
  'COMMITMENT.BARE_C7': 'a commitment names a sub-line of C7, never C7 itself',
  'COMMITMENT.STATUS': 'the command fits the status of the commitment',
  'COMMITMENT.NOT_PUBLIC': 'the commitment is registered',
  'COMMITMENT.NO_UPDATE_AFTER_END': 'after a commitment was closed, withdrawn or superseded only corrections are possible',
  'COMMITMENT.DATES': 'a commitment does not end before it starts',
  'COMMITMENT.PART_OF_ITSELF': 'a commitment is not part of itself',
  'COMMITMENT.PART_OF_UNKNOWN': 'the whole is a registered commitment',
  'COMMITMENT.PART_OF_PART': 'the whole is no part itself when it is chosen',
  'COMMITMENT.SUPERSEDED_BY_ITSELF': 'a commitment is superseded by another one',
  'COMMITMENT.SUCCESSOR_UNKNOWN': 'the successor is a registered commitment that was neither withdrawn nor superseded',
  'COMMITMENT.DUPLICATE_ENTRY': 'an entry stands once in its list',
  'COMMITMENT.ABOUT_UNKNOWN': 'what it is about is a public target, update or milestone of the commitment',
  'COMMITMENT.LIMIT': 'a commitment holds a bounded number of records of a kind',

  'VERSION.PENDING': 'one version at a time is proposed',
  'VERSION.NOT_PENDING': 'the version named is the one that is proposed',
  'VERSION.AUTHOR_APPROVES': 'the author of a version never approves or returns it',
  'VERSION.NOT_TRANSCRIBED': 'the secretariat approves or returns only what the secretariat transcribed',
  'VERSION.FIRST_IS_NEW': 'until a version was approved there is nothing to revise or correct',
  'VERSION.REASON_NEEDED': 'a change of what was approved is a revision or a correction, with a reason',
  'VERSION.CORRECTS_UNKNOWN': 'a correction names a version that was approved',
  'VERSION.CORRECTIONS_ONLY': 'a published update is changed by a correction',

  'PARTNER.IS_LEAD': 'the lead agency is not also a partner',
  'PARTNER.ALREADY_JOINED': 'an agency joins once',
  'PARTNER.NOT_JOINED': 'the agency is a partner',

  'TARGET.UNKNOWN': 'the target exists',
  'TARGET.CONTEXT_INDICATOR': 'a context statistic is never a target or a result',
  'TARGET.UNIT_MISMATCH': 'the unit is the indicator\'s',
  'TARGET.OUT_OF_RANGE': 'values keep to the min and max of the indicator',
  'TARGET.DATES': 'a target is due after its baseline',
  'TARGET.BASELINE_IN_FUTURE': 'a baseline is an actual value: its date is not in the future',

  'MILESTONE.UNKNOWN': 'the milestone is part of the approved content',
  'MILESTONE.ALREADY_REACHED': 'a milestone is reached once',
  'MILESTONE.REACHED_IS_KEPT': 'a milestone that was reached stays in the content',

  'PROGRESS.UNKNOWN': 'the progress update exists',
  'PROGRESS.STATUS': 'the command fits the status of the update',
  'PROGRESS.PERIOD': 'a period does not start after its end, nor end in the future',
  'PROGRESS.EMPTY': 'an update tells something, or says why it was not assessed',
  'PROGRESS.NOT_ASSESSED_WITH_VALUES': 'an update that was not assessed observes nothing',
  'OBSERVATION.UNIT_MISMATCH': 'the unit is the indicator\'s',
  'OBSERVATION.OUT_OF_RANGE': 'values keep to the min and max of the indicator',
  'OBSERVATION.IN_FUTURE': 'an as-of date is not in the future',

  'COMPLETION.NEEDS_INDEPENDENT_EVIDENCE': 'completion needs attached evidence that neither a party nor one that left wrote, stronger than a third-party article and not flagged, or is marked selfDeclared; evidence inside the content or an update proves nothing',
  'REVIEW.OWN_AGENCY': 'a reviewer never belongs to a party, nor to one that left',

  'OBSTACLE.UNKNOWN': 'the obstacle exists',
  'OBSTACLE.ALREADY_RESOLVED': 'an obstacle is resolved once',
  'EVIDENCE.UNKNOWN': 'the evidence exists',
  'EVIDENCE.IN_FUTURE': 'evidence is there: its date is not in the future',
  'EVIDENCE.ALREADY_FLAGGED': 'evidence is flagged once',
  'FINDING.UNKNOWN': 'the finding exists',
  'FINDING.STATUS': 'a finding is raised, then answered, then closed',
} as const;

export type RefusalCode = keyof typeof refusals;

/** One thing that is wrong: where in the command (RFC 6901 pointer, '' for the whole), which rule, in words. */
export interface Refusal {
  pointer: string;
  rule: RefusalCode;
  message: string;
}

/** A decision was refused. `code` is that of the first refusal; `errors` tells them all. */
export class DomainError extends Error {
  readonly code: RefusalCode;
  readonly errors: readonly Refusal[];

  constructor(errors: readonly Refusal[]) {
    super(errors.map((error) => error.message).join('; '));
    this.name = 'DomainError';
    this.code = errors[0]!.rule;
    this.errors = errors;
  }
}

/** Refuses at once. `detail` says what was found, after the rule. */
export function refuse(rule: RefusalCode, pointer = '', detail?: string): never {
  throw new DomainError([refusal(rule, pointer, detail)]);
}

/** Gathers everything that is wrong, so that a person is told all of it at once. */
export class Refusals {
  readonly #errors: Refusal[] = [];

  add(rule: RefusalCode, pointer = '', detail?: string): void {
    this.#errors.push(refusal(rule, pointer, detail));
  }

  /** Runs a check that throws what it refuses, and keeps that. */
  gather<T>(check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.#errors.push(...error.errors);
      return undefined;
    }
  }

  /** @throws DomainError when anything was added. */
  throwIfAny(): void {
    if (this.#errors.length > 0) throw new DomainError(this.#errors);
  }
}

function refusal(rule: RefusalCode, pointer: string, detail?: string): Refusal {
  return { pointer, rule, message: detail ? `${refusals[rule]} (${detail})` : refusals[rule] };
}
