import { randomUUID } from 'node:crypto';
import { KurrentDbDouble } from '#kurrentdb-double/kurrentdb-double.ts';
import { describeEventStore, type LogUnderTest } from '../event-store.contract.ts';
import { KurrentDbEventStore } from './kurrentdb-event-store.ts';

describeEventStore('KurrentDB', async (): Promise<LogUnderTest> => {
  const double = await KurrentDbDouble.start();
  const url = `${double.url}&log=t${randomUUID().slice(0, 8)}`;
  const stores: KurrentDbEventStore[] = [];
  const another = async () => {
    const store = await KurrentDbEventStore.connect(url);
    stores.push(store);
    return store;
  };
  return {
    store: await another(),
    another,
    breakConnections: async () => double.dropConnections(),
    release: async () => {
      await Promise.all(stores.map((store) => store.close()));
      await double.stop();
    },
  };
});
