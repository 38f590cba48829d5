import { noCommitment, type CommitmentState } from '#domain/commitment/state.ts';
import type { Actor } from '#domain/event.ts';
import { streams } from '#domain/streams.ts';
import { administrator, itu, reviewer, secretariat, undesa, undp } from '#testing/scenes.ts';
import { checkRelation, maySeeDraft, type CommandAccess } from './command-access.ts';

const active: CommitmentState = { ...noCommitment, id: 'x', status: 'active', lead: 'UNDESA', partners: [{ agency: 'UNDP', joinedOn: '2021-01-01' }, { agency: 'FAO', joinedOn: '2021-01-01', leftOn: '2021-06-01' }] };
const draft: CommitmentState = { ...active, status: 'submitted', partners: [] };
const of = (relation: NonNullable<CommandAccess['of']>): CommandAccess => ({ by: 'approver', of: relation });
const fao: Actor = { ...itu.approver, agency: 'FAO' };

/** `let in`, or the code of the refusal. */
function outcome(access: CommandAccess, actor: Actor, command: object = {}, state: CommitmentState = active): string {
  try {
    checkRelation(access, actor, command, state);
    return 'let in';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test.each<[string, CommandAccess, Actor, object, string]>([
  ['the lead', of('lead'), undesa.approver, {}, 'let in'],
  ['a partner where the lead is wanted', of('lead'), undp.approver, {}, 'AUTH.NOT_YOURS'],
  ['the lead as a party', of('party'), undesa.approver, {}, 'let in'],
  ['a partner as a party', of('party'), undp.approver, {}, 'let in'],
  ['a partner that left', of('party'), fao, {}, 'AUTH.NOT_YOURS'],
  ['a stranger as a party', of('party'), itu.approver, {}, 'AUTH.NOT_YOURS'],
  ['who names its own agency', of('named'), itu.approver, { agency: 'ITU' }, 'let in'],
  ['who names another', of('named'), itu.approver, { agency: 'UNDP' }, 'AUTH.NOT_YOURS'],
  ['who names none', of('named'), itu.approver, {}, 'AUTH.NOT_YOURS'],
  ['the owner of a code', of('code-owner'), itu.approver, { code: 'ITU.labs' }, 'let in'],
  ['who owns another code', of('code-owner'), itu.approver, { code: 'ITUX.labs' }, 'AUTH.NOT_YOURS'],
  ['a code that nobody owns', of('code-owner'), itu.approver, { code: 'ITU' }, 'AUTH.NOT_YOURS'],
  ['the secretariat, which transcribes for any', of('lead'), secretariat, {}, 'let in'],
  ['an administrator', of('lead'), administrator, {}, 'let in'],
  ['anyone where no relation is asked for', { by: 'reviewer' }, itu.approver, {}, 'let in'],
])('%s', (_name, access, actor, command, expected) => {
  expect(outcome(access, actor, command)).toBe(expected);
});

test('a draft is not there for outsiders, whatever relation the command asks for', () => {
  for (const access of [of('lead'), of('party'), of('named'), of('code-owner'), { by: 'approver' } as const]) {
    for (const actor of [itu.approver, administrator]) expect(outcome(access, actor, { agency: actor.agency }, draft)).toBe('COMMITMENT.UNKNOWN');
  }
  expect(outcome(of('named'), itu.approver, { agency: 'ITU' }, { ...draft, status: 'discarded' })).toBe('COMMITMENT.UNKNOWN');
});

test('a draft is there for those who see it', () => {
  expect(outcome(of('lead'), undesa.approver, {}, draft)).toBe('let in');
  expect(outcome({ by: 'reviewer' }, reviewer, {}, draft)).toBe('let in');
  expect(outcome(of('lead'), reviewer, {}, draft)).toBe('AUTH.NOT_YOURS');
  expect(outcome(of('lead'), secretariat, {}, draft)).toBe('let in');
});

test('who begins a record is held against what it names', () => {
  const opens: CommandAccess = { by: 'focal-point', of: 'lead', opens: true };
  expect(outcome(opens, undp.focalPoint, { lead: 'UNDP' }, noCommitment)).toBe('let in');
  expect(outcome(opens, undp.focalPoint, { lead: 'ITU' }, noCommitment)).toBe('AUTH.NOT_YOURS');
  expect(() => checkRelation({ by: 'administrator', opens: true }, administrator, { code: 'WHO' } as object, streams.agency.initial)).not.toThrow();
});

test('parties, reviewers and the secretariat see drafts, and nobody else', () => {
  expect([undesa.focalPoint, undp.focalPoint, reviewer, secretariat].map((actor) => maySeeDraft(actor, active))).toEqual([true, true, true, true]);
  expect([itu.approver, fao, administrator, undefined].map((actor) => maySeeDraft(actor, active))).toEqual([false, false, false, false]);
});
