import { pointerTo, Problem, problemBody } from './problem.ts';

test('a problem becomes an RFC 9457 body', () => {
  expect(problemBody(new Problem(409, 'COMMITMENT.BARE_C7', 'a commitment names a sub-line of C7'))).toEqual({
    type: '/problems/COMMITMENT.BARE_C7',
    title: 'Commitment: bare c7',
    status: 409,
    detail: 'a commitment names a sub-line of C7',
    code: 'COMMITMENT.BARE_C7',
  });
});

test('its errors go along', () => {
  const errors = [{ pointer: '/title', rule: 'required', message: 'is required' }];
  expect(problemBody(new Problem(422, 'REQUEST.INVALID', 'one field is wrong', { errors })).errors).toEqual(errors);
});

test('pointers escape ~ and /', () => {
  expect(pointerTo([])).toBe('');
  expect(pointerTo(['observations', 0, 'a/b~c', ''])).toBe('/observations/0/a~1b~0c/');
});
