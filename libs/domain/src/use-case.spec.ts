import { z } from 'zod';
import { given, the } from '#testing/given.ts';
import { active, content, registered, secretariat, submitted, undesa } from '#testing/scenes.ts';
import { registerCommitment } from './commitment/register.ts';
import { startCommitment } from './commitment/start.ts';
import { noCommitment } from './commitment/state.ts';
import { submitCommitment } from './commitment/submit.ts';
import { decide, useCase, type Context } from './use-case.ts';

const id = the('commitment');
const transcribedFrom = { document: 'Submission to CSTD-25', place: 'Part Three (a)' };

test('what happened did not happen in the future', () => {
  given(submitted).when(undesa.approver, registerCommitment, { id }, { occurredOn: '2023-06-02' }).thenRefused('COMMAND.OCCURRED_IN_FUTURE', '/occurredOn');
  given(submitted).when(undesa.approver, registerCommitment, { id }, { occurredOn: '2023-06-01' }).then('CommitmentRegistered', expect.anything());
});

test('only the secretariat transcribes', () => {
  given(submitted).when(undesa.approver, registerCommitment, { id }, { transcribedFrom }).thenRefused('COMMAND.TRANSCRIBED_BY_SECRETARIAT_ONLY', '/transcribedFrom');
});

test('and does nothing else: it names document and place', () => {
  given(registered).when(secretariat, startCommitment, { id }).thenRefused('COMMAND.TRANSCRIPTION_NEEDED', '/transcribedFrom');
  given(registered).when(secretariat, startCommitment, { id }, { transcribedFrom }).then('CommitmentStarted', {});
});

test('all that is wrong is told at once, the command’s own beside what rules every command', () => {
  given(registered)
    .when(secretariat, submitCommitment, { lead: 'WHO', content: content({ actionLines: ['C7'] }) }, { occurredOn: '2023-06-02' })
    .thenRefusedForAll(
      ['COMMAND.OCCURRED_IN_FUTURE', '/occurredOn'],
      ['COMMAND.TRANSCRIPTION_NEEDED', '/transcribedFrom'],
      ['AGENCY.UNKNOWN', '/lead'],
      ['COMMITMENT.BARE_C7', '/content/actionLines/0'],
    );
});

test('a decision is never empty: that would be an accepted command that leaves no trace', () => {
  const nothing = useCase({ name: 'DoNothing', category: 'commitment', path: z.strictObject({}), body: z.strictObject({}), decide: () => [] });
  const context = { actor: undesa.approver, occurredOn: '2023-06-01', today: '2023-06-01' } as Context;
  expect(() => decide(nothing, {}, noCommitment, context)).toThrow('DoNothing decided nothing');
});

test('the stream is the one that the path names, unless the use case makes a new one', () => {
  const newId = (label: string) => the(label);
  expect(startCommitment.stream({ id }, newId)).toBe(`commitment-${id}`);
  expect(submitCommitment.stream({ lead: 'UNDESA', content: {} as never }, newId)).toBe(`commitment-${id}`);
});

test('it needs what its content speaks of, and nothing where it speaks of nothing', () => {
  expect(startCommitment.needs({ id }, noCommitment)).toEqual([]);
  const command = submitCommitment.body.parse({ lead: 'UNDESA', content: content({ actionLines: ['C4', 'C1', 'C4'], partOf: id }) }) as never;
  expect(submitCommitment.needs(command, noCommitment)).toEqual(['agency-UNDESA', 'actionLine-C4', 'actionLine-C1', `commitment-${id}`]);
});

test('nothing is decided on an unknown field', () => {
  expect(startCommitment.body.safeParse({ force: true }).error!.issues).toMatchObject([{ code: 'unrecognized_keys', keys: ['force'] }]);
  expect(() => given(active).when(undesa.approver, startCommitment, { id, force: true }).refusal()).toThrow('Unrecognized key');
});
