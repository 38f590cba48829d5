import { given, the } from '#testing/given.ts';
import { registered, returned, submitted, text, undesa } from '#testing/scenes.ts';
import { returnCommitment } from './return.ts';

const command = { id: the('commitment'), reason: text('Name the edition') };

test('the approver returns what was submitted, and says why', () => {
  const state = given(submitted)
    .when(undesa.approver, returnCommitment, command)
    .then('CommitmentReturned', { version: 1, reason: command.reason });
  expect(state.status).toBe('returned');
  expect(state.versions[0]).toMatchObject({ status: 'returned', reason: command.reason, decidedOn: '2023-06-01' });
});

test('a reason is needed', () => {
  expect(returnCommitment.body.safeParse({}).success).toBe(false);
  expect(returnCommitment.body.safeParse({ reason: text(' ') }).success).toBe(false);
});

test('the author does not decide on their own version', () => {
  given(submitted).when({ ...undesa.focalPoint, role: 'approver' }, returnCommitment, command).thenRefused('VERSION.AUTHOR_APPROVES');
});

test.each([['returned', returned], ['registered', registered]])('not while it is %s', (_, history) => {
  given(history).when(undesa.approver, returnCommitment, command).thenRefused('COMMITMENT.STATUS');
});

test('an unknown commitment was not submitted', () => {
  given().when(undesa.approver, returnCommitment, command).thenRefused('COMMITMENT.UNKNOWN');
});
