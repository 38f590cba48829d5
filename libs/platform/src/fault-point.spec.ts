import { armedBy, faultPoint } from './fault-point.ts';

test('is armed by name and count', () => {
  expect(armedBy({})).toBeUndefined();
  expect(armedBy({ FAULT_POINT: '' })).toBeUndefined();
  expect(armedBy({ FAULT_POINT: 'publisher.sending:7', NODE_ENV: 'test' })).toEqual({ name: 'publisher.sending', countdown: 7 });
});

test('is refused in production, and where there is no such point', () => {
  expect(() => armedBy({ FAULT_POINT: 'publisher.sending:7', NODE_ENV: 'production' })).toThrow('refused where NODE_ENV is production');
  for (const wrong of ['publisher.sending', 'publisher.sending:0', 'publisher.sent:1', ':1']) expect(() => armedBy({ FAULT_POINT: wrong })).toThrow('must be one of api.appending,');
});

test('does nothing where none is armed', () => {
  expect(() => faultPoint('api.appending')).not.toThrow();
});
