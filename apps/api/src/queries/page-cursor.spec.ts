import { z } from 'zod';
import { nextPage, pageStart } from './page-cursor.ts';
import { today } from '../today.ts';

const Key = z.tuple([z.int(), z.string()]);
const query = { status: ['active'], limit: 2, sort: '-updatedAt' };
const start = { position: 7, on: '2022-01-01', after: [3, 'x'] };

test('a cursor gives back where the page before ended, with its position and day', () => {
  const cursor = nextPage('commitments', query, start)!;
  expect(pageStart('commitments', { ...query, cursor, limit: 50, minPosition: 9 }, Key)).toEqual(start);
  expect(pageStart('commitments', { sort: '-updatedAt', cursor, status: ['active'] }, Key)).toEqual(start);
});

test('without one the list begins, on the day asked for or today', () => {
  expect(pageStart('commitments', { on: '2020-02-02' }, Key)).toEqual({ position: undefined, on: '2020-02-02', after: undefined });
  expect(pageStart('commitments', {}, Key).on).toBe(today());
});

test('after the end there is none', () => {
  expect(nextPage('commitments', query, { ...start, after: undefined })).toBeNull();
});

test.each([
  ['of another list', nextPage('targets', query, start)],
  ['of other parameters', nextPage('commitments', { ...query, status: ['closed'] }, start)],
  ['with a key of another kind', nextPage('commitments', query, { ...start, after: ['3; drop', 'x'] })],
  ['with another day than a date', nextPage('commitments', query, { ...start, on: 'yesterday' })],
  ['that is no JSON', 'abc'],
  ['that is nothing', ''],
])('a cursor %s is refused by name', (_, cursor) => {
  expect(() => pageStart('commitments', { ...query, cursor: cursor! }, Key)).toThrow(expect.objectContaining({ status: 400, code: 'REQUEST.CURSOR', errors: [{ pointer: '/cursor', rule: 'foreign', message: expect.any(String) }] }));
});
