import type { Actor, Role } from '#domain/event.ts';
import { isPublic, partiesOf, type CommitmentState } from '#domain/commitment/state.ts';
import { Problem } from '#platform/problem.ts';
import type { AnyState } from '../streams.ts';

/** Who may give a command, and how it is answered: the part of a route that is not the use case. */
export interface CommandAccess {
  by: Role | readonly Role[];
  /**
   * What the actor's agency must be to the record: the commitment's lead; the lead or a partner; the agency that the
   * command names; or the owner of an indicator code (`UNDP.labs`). The secretariat acts for any when it transcribes,
   * and an administrator for any.
   */
  of?: 'lead' | 'party' | 'named' | 'code-owner';
  /** The command begins a stream. */
  opens?: boolean;
  /** Required where the decision rests on what was read. */
  ifMatch?: 'required';
  /** Where the thing made can be read: answers 201 with this Location, `:made` being its id. */
  makes?: string;
}

/**
 * Whether the actor's agency may give the command for this record. A draft that the actor may not see is not there for
 * it, whatever the command: no other check may tell of it first.
 * @throws Problem COMMITMENT.UNKNOWN (404) or AUTH.NOT_YOURS (403)
 */
export function checkRelation(access: CommandAccess, actor: Actor, command: CommandFields, state: AnyState): void {
  const commitment = 'lead' in state ? state : undefined;
  if (commitment && !access.opens && !isPublic(commitment) && !maySeeDraft(actor, commitment))
    throw new Problem(404, 'COMMITMENT.UNKNOWN', 'there is no such commitment');
  if (access.of === undefined || actor.role === 'secretariat' || actor.role === 'administrator') return;
  if (agenciesMeant(access.of, command, commitment).includes(actor.agency)) return;
  throw new Problem(403, 'AUTH.NOT_YOURS', `this is open to ${WHOSE[access.of]}; the token is ${actor.agency}'s`);
}

/** Whether the actor sees what is proposed or returned: parties, reviewers and the secretariat do. */
export function maySeeDraft(actor: Actor | undefined, commitment: CommitmentState): boolean {
  if (!actor) return false;
  return actor.role === 'reviewer' || actor.role === 'secretariat' || partiesOf(commitment).includes(actor.agency);
}

const WHOSE = {
  lead: 'the lead agency',
  party: 'the lead agency and its partners',
  named: 'the agency that is named',
  'code-owner': 'the agency with which the code begins, before a dot',
} as const;

/** Fields by which a command names an agency. */
interface CommandFields {
  lead?: string;
  agency?: string;
  code?: string;
}

function agenciesMeant(of: NonNullable<CommandAccess['of']>, command: CommandFields, commitment: CommitmentState | undefined): (string | undefined)[] {
  switch (of) {
    case 'lead':
      return [command.lead ?? commitment?.lead];
    case 'party':
      return commitment ? partiesOf(commitment) : [];
    case 'named':
      return [command.agency];
    case 'code-owner':
      return command.code?.includes('.') ? [command.code.split('.')[0]] : [];
  }
}
