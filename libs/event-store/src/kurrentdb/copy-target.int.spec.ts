import { describeCopying, type KindOfLog } from '../copy-log.contract.ts';
import { openServer } from './server-under-test.fixture.ts';

const kurrentDb: KindOfLog = {
  name: 'KurrentDB',
  async open() {
    const server = await openServer();
    return { url: server.newLog(), breakConnections: async () => server.breakConnections(), release: () => server.stop() };
  },
};

describeCopying(kurrentDb, kurrentDb);
