import { given } from '#testing/given.ts';
import { administrator, catalogue } from '#testing/scenes.ts';
import { registerAgency } from './register.ts';

const unesco = { code: 'UNESCO', names: { en: 'UNESCO', fr: 'Organisation des Nations Unies pour l’éducation' }, kind: 'un-entity' };

test('an agency is registered with its names', () => {
  const state = given().when(administrator, registerAgency, unesco).then('AgencyRegistered', unesco);
  expect(state).toEqual({ code: 'UNESCO', registered: true, names: unesco.names });
});

test('once', () => {
  given(catalogue).when(administrator, registerAgency, { ...unesco, code: 'UNDP' }).thenRefused('AGENCY.ALREADY_REGISTERED', '/code');
});
