import { openEventStore } from './open-event-store.ts';

test.each([
  ['kurrentdb://localhost:2113', 'no event store for kurrentdb:// URLs'],
  ['mysql://root@localhost/log', 'no event store for mysql:// URLs'],
  ['localhost:5432', 'no event store for localhost:// URLs'],
  ['', 'no URL'],
])('refuses %j', async (url, message) => {
  await expect(openEventStore(url)).rejects.toThrow(message);
});

test('keeps a password out of its errors', async () => {
  await expect(openEventStore('mysql://root:secret@localhost/log')).rejects.not.toThrow('secret');
  await expect(openEventStore('//root:secret@localhost')).rejects.not.toThrow('secret');
});
