import type { RecordedText } from '#domain/event.ts';
import { describeCopying, type KindOfLog } from '../copy-log.contract.ts';
import { someEvent } from '../event-store.contract.ts';
import { KurrentDbCopyTarget } from './copy-target.ts';
import { openServer } from './server-under-test.fixture.ts';

const kurrentDb: KindOfLog = {
  name: 'KurrentDB',
  async open() {
    const server = await openServer();
    return { url: server.newLog(), breakConnections: async () => server.breakConnections(), release: () => server.stop() };
  },
};

describeCopying(kurrentDb, kurrentDb);

describe('a KurrentDB log that another is copied into', () => {
  let server: Awaited<ReturnType<typeof openServer>>;
  let target: KurrentDbCopyTarget;

  beforeEach(async () => {
    server = await openServer();
    target = await KurrentDbCopyTarget.open(server.newLog());
  });
  afterEach(async () => {
    await target.close();
    await server.stop();
  });

  test.each([
    ['leaves a revision out', [event('agency-A', 3)], 'agency-A is at revision 1 in the target'],
    ['begins a stream in its middle', [event('agency-B', 2)], 'agency-B is at revision 0 in the target'],
    ['goes back in time', [{ ...event('agency-A', 2), recordedAt: '2026-01-01T11:59:59.999Z' }], 'time falls in agency-A'],
    ['was not written as JSON.stringify writes', [{ ...event('agency-A', 2), data: '{"a" : 1.0}' }], 'could not be kept as it is'],
  ])('takes nothing of what %s', async (_, wrong, message) => {
    await target.copyIn([event('agency-A', 1)]);
    await expect(target.copyIn(wrong)).rejects.toThrow(message);
    expect(await target.store.readAll(0, 10)).toHaveLength(1);
    await target.copyIn([event('agency-A', 2), event('agency-B', 1)]);
    expect(await target.store.readAll(0, 10)).toHaveLength(3);
  });

  test('renumbers nothing where a run of one stream has a gap', async () => {
    await expect(target.copyIn([event('agency-A', 1), event('agency-A', 3)])).rejects.toThrow('agency-A is at revision 1 in the target');
    expect(await target.store.readStream('agency-A')).toHaveLength(1);
  });

  function event(stream: string, revision: number): RecordedText {
    return { ...someEvent(), stream, revision, position: revision, recordedAt: '2026-01-01T12:00:00.000Z', data: '{"a":1}' };
  }
});
