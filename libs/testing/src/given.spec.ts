import { z } from 'zod';
import { startCommitment } from '#domain/commitment/start.ts';
import { suspendCommitment } from '#domain/commitment/suspend.ts';
import { useCase } from '#domain/use-case.ts';
import { given, logOf, the } from './given.ts';
import { LedgerInMemory, uuidV5 } from './ledger-in-memory.ts';
import { active, everything, registered, suspended, text, undesa } from './scenes.ts';

const id = the('commitment');
const start = () => given(registered).when(undesa.approver, startCommitment, { id });
const startTwice = () => given(active).when(undesa.approver, startCommitment, { id });
const odd = (decide: () => unknown) =>
  given(active).when(undesa.approver, useCase({ name: 'Odd', category: 'commitment', path: z.strictObject({ id: z.uuid() }), body: z.strictObject({}), decide: decide as never }), { id });

test('an example fails when something else follows', () => {
  start().then('CommitmentStarted', {});
  expect(() => start().then('CommitmentResumed', {})).toThrow();
  expect(() => start().then('CommitmentStarted', { reason: text('x') })).toThrow();
  expect(() => startTwice().then('CommitmentStarted', {})).toThrow('the command fits the status');
});

test('an example of a refusal fails when it is accepted, or refused otherwise', () => {
  startTwice().thenRefused('COMMITMENT.STATUS');
  expect(() => start().thenRefused('COMMITMENT.STATUS')).toThrow('StartCommitment was not refused');
  expect(() => startTwice().thenRefused('COMMITMENT.UNKNOWN')).toThrow();
  expect(() => startTwice().thenRefused('COMMITMENT.STATUS', '/id')).toThrow();
  expect(() => startTwice().thenRefusedForAll(['COMMITMENT.STATUS', ''], ['COMMITMENT.DATES', ''])).toThrow();
});

test('a history that did not happen is told by its step', () => {
  expect(() => given(suspended, suspended.at(-1)!).when(undesa.approver, startCommitment, { id }).thenRefused('COMMITMENT.STATUS')).toThrow(
    `step ${suspended.length + 1} of the history, SuspendCommitment, failed`,
  );
  expect(() => given(registered).when(undesa.approver, suspendCommitment, { id }).refusal()).toThrow('reason');
});

test('a use case that decides what its schema refuses, another stream’s event, or differently each time, fails', () => {
  expect(() => odd(() => [{ type: 'CommitmentSuspended', data: {} }]).then('CommitmentSuspended', {})).toThrow();
  expect(() => odd(() => [{ type: 'AgencyRenamed', data: { names: { en: 'x' } } }]).then('AgencyRenamed', { names: { en: 'x' } })).toThrow('no event of a commitment');
  let count = 0;
  const counting = () => [{ type: 'CommitmentSuspended', data: { reason: text(`${++count}`) } }];
  expect(() => odd(counting).then('CommitmentSuspended', expect.anything() as object)).toThrow();
});

test('a use case that looks at what it did not ask for, or changes the state, fails', () => {
  const peeking = { ...startCommitment, decide: (_: unknown, __: unknown, { facts }: { facts: { agency(code: string): unknown } }) => facts.agency('UNDP') } as never;
  expect(() => given(registered).when(undesa.approver, peeking, { id }).refusal()).toThrow('looks at agency-UNDP, which it did not ask for');
  const changing = { ...startCommitment, decide: (_: unknown, state: { status: string }) => (state.status = 'active') } as never;
  expect(() => given(registered).when(undesa.approver, changing, { id }).refusal()).toThrow(TypeError);
});

test('a log is as the store would give it: dense positions, revisions by stream, JSON', () => {
  const log = logOf(everything);
  expect(log.map(({ position }) => position)).toEqual(log.map((_, index) => index + 1));
  for (const stream of new Set(log.map((event) => event.stream)))
    expect(log.filter((event) => event.stream === stream).map(({ revision }) => revision)).toEqual(log.filter((event) => event.stream === stream).map((_, index) => index + 1));
  expect(JSON.parse(JSON.stringify(log))).toStrictEqual(log);
  expect(new Set(log.map((event) => event.id)).size).toBe(log.length);
});

test('time never falls', () => {
  const ledger = new LedgerInMemory();
  const register = (code: string, at: string) =>
    ledger.run({ useCase: everything[0]!.useCase, command: { code, names: { en: code }, kind: 'other' }, actor: everything[0]!.actor, at, key: code })[0]!.recordedAt;
  expect(register('UNDP', '2022-02-02T00:00:00.000Z')).toBe('2022-02-02T00:00:00.000Z');
  expect(register('ITU', '2022-02-01T00:00:00.000Z')).toBe('2022-02-02T00:00:00.000Z');
});

test('ids are UUIDs of version 5', () => {
  expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  expect(z.uuid({ version: 'v5' }).safeParse(the('update', 7)).success).toBe(true);
});
