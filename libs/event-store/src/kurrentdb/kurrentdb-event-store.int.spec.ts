import { describeEventStore, type LogUnderTest } from '../event-store.contract.ts';
import { KurrentDbEventStore } from './kurrentdb-event-store.ts';
import { openServer } from './server-under-test.fixture.ts';

describeEventStore('KurrentDB', async (): Promise<LogUnderTest> => {
  const server = await openServer();
  const url = server.newLog();
  const stores: KurrentDbEventStore[] = [];
  const another = async () => {
    const store = await KurrentDbEventStore.connect(url);
    stores.push(store);
    return store;
  };
  return {
    store: await another(),
    another,
    breakConnections: async () => server.breakConnections(),
    release: async () => {
      await Promise.all(stores.map((store) => store.close()));
      await server.stop();
    },
  };
});
