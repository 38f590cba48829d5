import { openEventStore, storeOf } from './open-event-store.ts';

test.each([
  ['mysql://root@localhost/log', 'no event store for mysql: URLs'],
  ['localhost:5432', 'no event store for localhost: URLs'],
  ['', 'no URL'],
  ['kurrentdb://', 'the URL of the event store is wrong'],
  ['kurrentdb://localhost?log=Not A Name', 'log in the URL'],
])('refuses %j', async (url, message) => {
  await expect(openEventStore(url)).rejects.toThrow(message);
});

test.each([
  ['postgres://a/b', 'PostgreSQL'],
  ['postgresql://me:secret@a:5432/b', 'PostgreSQL'],
  ['kurrentdb://a:2113,b:2113?tls=false', 'KurrentDB'],
  ['kurrentdb+discover://me:secret@cluster', 'KurrentDB'],
  ['esdb://a', 'KurrentDB'],
  ['ESDB+discover://a', 'KurrentDB'],
])('knows of %s which store it names', (url, store) => {
  expect(storeOf(url)).toBe(store);
});

test('keeps a password out of its errors', async () => {
  await expect(openEventStore('mysql://root:secret@localhost/log')).rejects.not.toThrow('secret');
  await expect(openEventStore('//root:secret@localhost')).rejects.not.toThrow('secret');
  await expect(openEventStore('kurrentdb://root:secret@?x')).rejects.not.toThrow('secret');
});
