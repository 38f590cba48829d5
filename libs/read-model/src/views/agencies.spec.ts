import { registerAgency } from '#domain/agency/register.ts';
import { renameAgency } from '#domain/agency/rename.ts';
import { by } from '#testing/given.ts';
import { administrator } from '#testing/scenes.ts';
import { agencies } from './agencies.ts';
import { rowAfter } from './folded.fixture.ts';

const registered = by(administrator, registerAgency, { code: 'UNDP', names: { en: 'Development Programme' }, kind: 'un-entity' }, { occurredOn: '2022-01-31' });

test('a registered agency has a row', () => {
  expect(rowAfter(agencies, registered)).toEqual({
    id: 'UNDP',
    revision: 1,
    names: { en: 'Development Programme' },
    kind: 'un-entity',
    registeredOn: '2022-01-31',
    updatedAt: '2023-06-01T12:00:00.000Z',
    updatedPosition: 1,
  });
});

test('a renamed one keeps the day of its registration', () => {
  const names = { en: 'UN Development Programme', fr: 'Programme des Nations Unies pour le développement' };
  expect(rowAfter(agencies, registered, by(administrator, renameAgency, { code: 'UNDP', names }))).toMatchObject({
    revision: 2,
    names,
    registeredOn: '2022-01-31',
    updatedPosition: 2,
  });
});
