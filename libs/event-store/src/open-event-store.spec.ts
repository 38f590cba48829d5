import { openEventStore } from './open-event-store.ts';

test.each([
  ['mysql://root@localhost/log', 'must be a URL that starts with postgres://'],
  ['localhost:5432', 'must be a URL that starts with postgres://'],
  ['', 'must be a URL that starts with postgres://'],
  ['kurrentdb://', 'must name one or several hosts'],
  ['kurrentdb://localhost?tsl=false', 'has a setting that is none of log, tls,'],
  ['kurrentdb://localhost?log=Not A Name', 'log in the URL of the event store'],
])('refuses %j', async (url, message) => {
  await expect(openEventStore(url)).rejects.toThrow(message);
});

test('keeps a password out of its errors', async () => {
  for (const url of ['mysql://root:secret@localhost/log', '//root:secret@localhost', 'kurrentdb://root:secret@?x', 'postgres://root:secret@'])
    await expect(openEventStore(url)).rejects.not.toThrow('secret');
});
